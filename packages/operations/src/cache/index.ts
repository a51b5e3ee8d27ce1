export { readCacheHealth, type CacheHealth } from "./cache-health.ts";
export type { CacheStats } from "./cache-stats.ts";
export { collectCache, planCollection, type Collected, type PlannedCollection } from "./collect.ts";
export { openCollector } from "./collection.ts";
export { diffRecords, type DiffRecordsInput } from "./diff-records.ts";
export { listRecords, type ListRecordsInput } from "./list-records.ts";
export {
  listLocks,
  releaseLock,
  type ListLocksInput,
  type LockList,
  type LockReport,
  type ReleasedLock,
  type ReleaseLockInput,
} from "./locks.ts";
export { planPurge, purgeCache, type Purged, type PurgeInput, type PurgePlan } from "./purge.ts";
export { findRecheckFaults, recheckText, type RecheckFault } from "./recheck-differences.ts";
export { recheckTask, type RecheckedTask, type RecheckTaskInput } from "./recheck-task.ts";
export type { DifferingReport, RecordReport } from "./record-report.ts";
export type { CacheSelection } from "./selection.ts";
export { showRecord, type RecordName, type ShownRecord } from "./show-record.ts";
export { cacheHealth, cacheStats } from "./stats.ts";
export { switchCache, type SwitchCacheInput, type SwitchedCache } from "./switch-cache.ts";
export { turnOffReason } from "./turn-off-reason.ts";
export { verifyCache, type VerifyReport } from "./verify.ts";
