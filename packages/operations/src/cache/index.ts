export { readCacheHealth, type CacheHealth } from "./cache-health.ts";
export { readCacheStats, type CacheStats } from "./cache-stats.ts";
export { openCollector, openVerifier } from "./collection.ts";
export { getRecord, readRecordValues } from "./find-record.ts";
export {
  reportDiffering,
  reportRecord,
  shownDiffering,
  type DifferingReport,
  type RecordReport,
} from "./record-report.ts";
export { turnOffReason } from "./turn-off-reason.ts";
