// Contents and counters of the cache, and its health.

import type { OperationContext } from "../context.ts";
import { openAllRecords } from "./all-records.ts";
import { readCacheHealth, type CacheHealth } from "./cache-health.ts";
import { readCacheStats, type CacheStats } from "./cache-stats.ts";
import { toRecordFilter, type CacheSelection } from "./selection.ts";

/** Reports whether the cache is in use; works while its backend is unreachable, too. */
export async function cacheHealth({ stores, settings }: OperationContext): Promise<CacheHealth> {
  const { cacheSwitch, breakers } = stores;
  return await readCacheHealth({ configOffReason: settings.cachingOffReason(), cacheSwitch, breakers });
}

/**
 * Sums of the selected entries, and counts of their tasks.
 * @throws MemodagError as {@link toRecordFilter}
 */
export async function cacheStats(
  context: OperationContext,
  selection: CacheSelection,
): Promise<CacheStats & CacheHealth> {
  const health = await cacheHealth(context);
  const { runs, dags, counters } = context.stores;
  const records = await openAllRecords(context.stores, selection.team);
  const filter = await toRecordFilter({ runs, dags, records }, context.settings.scopes, selection);
  return { ...(await readCacheStats({ records, counters, runs, dags }, filter)), ...health };
}
