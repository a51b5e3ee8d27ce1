// Finds where the entries of a cache are for a run.

import { JOB_CACHE, MemodagError, type DagRun, type EntryPlace } from "@memodag/core";
import { entryPlace } from "@memodag/scheduler";
import { getNamedCache } from "../caches/get-named-cache.ts";
import type { Stores } from "../context.ts";

/**
 * Where the entries of a cache are for a run: its own job cache if none is named.
 * @throws MemodagError `cache_not_configured`
 */
export function placeFor(stores: Pick<Stores, "namedCaches">, run: DagRun, name?: string): EntryPlace {
  if (name === undefined) return entryPlace({ name: JOB_CACHE, scope: "run" }, run);
  const cache = getNamedCache(stores, { name, team: run.team });
  if (cache.kind === "entries") return entryPlace(cache, run);
  throw new MemodagError(
    "cache_not_configured",
    `"${name}" is a value cache, and has no entries: memodag caches stats ${name} shows what is in it`,
    { fault: "user", fields: { name, team: run.team } },
  );
}
