// Gives a running task the job caches that the config names.

import { getRunningTask } from "./current-context.ts";
import type { JobCache } from "./job-cache.ts";

/**
 * Returns a job cache that the config names in `[[caches]]`, for the running task's team. Its scope and its
 * store are set there.
 *
 * @example
 * ```ts
 * const terrain = await getCache("aux").load("dem/europe.tif");
 * ```
 *
 * @throws MemodagError `context_unavailable` outside of a handler. A name that the config does not have
 *   fails with `cache_not_configured` when the cache is used.
 */
export function getCache(name: string): JobCache {
  return getRunningTask().openCache(name);
}
