export { cancelRun } from "./manual/cancel-run.ts";
export {
  AttemptValueCaches,
  type NamedValueCache,
  type ValueCacheSource,
} from "./service/attempt-value-caches.ts";
export { entryPlace, type EntryCache, type FindEntryCache } from "./entries/entry-caches.ts";
export { isWeakened } from "./cache/recheck.ts";
export { RunEntries } from "./entries/run-entries.ts";
export { answerAttempts } from "./service/attempt-queries.ts";
export { attemptToTry, type TryParts } from "./manual/attempt-to-try.ts";
export { checkAnswer, type CheckedAnswer, type ProposedAnswer } from "./requests/check-answer.ts";
export { clearRun, planClearedInstances, type ClearRequest } from "./manual/clear-run.ts";
export { markRun, type MarkRequest } from "./manual/mark-run.ts";
export {
  makeBackfillRuns,
  planBackfill,
  type BackfillPlan,
  type BackfillRequest,
  type FilledDate,
} from "./requests/backfill.ts";
export { listInterruptedRuns } from "./requests/interrupted-runs.ts";
export { isDeadOwner, newOwner } from "./identity/process-identity.ts";
export type { SchedulerListener } from "./context/run-context.ts";
export type { SchedulerOptions, SchedulerParts } from "./service/scheduler-parts.ts";
export { ScheduleLoop, type ScheduleLoopParts } from "./schedule/schedule-loop.ts";
export { Scheduler } from "./service/scheduler.ts";
export { newManualRunId, triggerRun, type TriggerRequest } from "./requests/trigger-run.ts";
export { foreseeRun, type ForeseenRun } from "./plan/foresee-run.ts";
export type { ForeseenInstance, PlanClass } from "./plan/classify.ts";
export type { PlanParts } from "./plan/plan-context.ts";
