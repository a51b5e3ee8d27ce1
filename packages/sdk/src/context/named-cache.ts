// Job caches by name in a running task.

import { MemodagError } from "@memodag/core";
import { getRunningTask } from "./current-context.ts";
import type { JobCache } from "./job-cache.ts";

/**
 * Returns a job cache of the config, `[[caches]]` with `kind = "entries"`. Its `scope` says which runs share it.
 *
 * With `scope = "dag"` and `"team"` the last run that saves a key, by running or by a hit, gives it its bytes. A cached
 * task that loads from it by a key has to declare that in `cache.reads`, such as `{ grids: ["tiles/*"] }`.
 *
 * @example
 * ```ts
 * const grids = getCache("grids");
 * await grids.save("tiles/7", bytes, { ttl: "30d" });
 * ```
 *
 * @throws MemodagError `context_unavailable` outside a handler. Its methods throw `cache_not_configured` for a cache that
 *   is not in the config, or is a value cache.
 */
export function getCache(name: string): JobCache {
  const { openJobCache } = getRunningTask();
  if (typeof name === "string" && name !== "") return openJobCache(name);
  throw new MemodagError(
    "cache_not_configured",
    `${JSON.stringify(name)} is not the name of a cache: pass the name of one of [[caches]] in the config`,
    { fault: "user" },
  );
}
