// Value caches in a running task: get-or-create by the scheduler's stores, with reads tracked.

import { getRunningTask } from "./current-context.ts";
import type { TaskValueCache } from "./task-value-caches.ts";

/** Options of {@link getValueCache}. */
export interface ValueCacheUse {
  /** Whether a key always has the same value, no matter which task created it. Reads are then not noted. */
  readonly pure?: boolean;
}

/**
 * Returns a value cache of the config, `[[caches]]` with `kind = "values"`.
 *
 * What a cached task reads from it is not part of its key: unless the cache is `pure`, the task's result is not
 * stored, because of an undeclared input such as `value(rates.EUR)`.
 *
 * @example
 * ```ts
 * const rates = getValueCache("rates");
 * const eur = await rates.getOrCreate("EUR", ({ signal }) => fetchRate("EUR", { signal }), { ttl: "1h" });
 * ```
 *
 * @throws MemodagError `context_unavailable` outside a handler. Its methods throw `value_cache_not_found` for a
 *   cache that is not in the config.
 */
export function getValueCache(name: string, { pure = false }: ValueCacheUse = {}): TaskValueCache {
  const { valueCaches } = getRunningTask();
  const open = async (key?: string, isRead = true): Promise<TaskValueCache> => {
    if (isRead && !pure) valueCaches.noteRead(name, key);
    return await valueCaches.open(name);
  };
  return {
    getOrCreate: async (key, create, options) => await (await open(key)).getOrCreate(key, create, options),
    find: async (key, options) => await (await open(key)).find(key, options),
    set: async (key, value, options) => await (await open(key, false)).set(key, value, options),
    delete: async (key) => await (await open(key)).delete(key),
    clear: async (options) => await (await open()).clear(options),
    stats: async (options) => await (await open()).stats(options),
  };
}
