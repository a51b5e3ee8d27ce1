// Contents and counters of the cache, and whether it is in use.

import type { OperationContext } from "../context.ts";
import { readCacheHealth, type CacheHealth } from "./cache-health.ts";
import { readCacheStats, type CacheStats } from "./cache-stats.ts";
import { toRecordFilter, type CacheSelection } from "./selection.ts";

/** Whether the cache is in use; answers where its backend is away, too. */
export async function cacheHealth({ stores, settings }: OperationContext): Promise<CacheHealth> {
  const { cacheSwitch, breakers } = stores;
  return await readCacheHealth({ configOffReason: settings.cachingOffReason(), cacheSwitch, breakers });
}

/**
 * Sums of the entries that are selected, and counts of their tasks.
 * @throws MemodagError as a selection does.
 */
export async function cacheStats(
  context: OperationContext,
  selection: CacheSelection,
): Promise<CacheStats & CacheHealth> {
  const health = await cacheHealth(context);
  const filter = await toRecordFilter(context.stores.records, selection);
  return { ...(await readCacheStats(context.stores, filter)), ...health };
}
