export { cancelRun } from "./by-hand/cancel-run.ts";
export { answerAttempts } from "./attempt-queries.ts";
export { clearRun, type ClearWish } from "./by-hand/clear-run.ts";
export { markRun, type MarkWish } from "./by-hand/mark-run.ts";
export {
  makeBackfillRuns,
  planBackfill,
  type BackfillPlan,
  type BackfillRequest,
  type FilledDate,
} from "./backfill.ts";
export { listInterruptedRuns } from "./interrupted-runs.ts";
export { isDeadOwner, newOwner } from "./process-identity.ts";
export type { SchedulerListener } from "./run/run-context.ts";
export { DEFAULT_POOLS, type SchedulerOptions, type SchedulerParts } from "./scheduler-parts.ts";
export { ScheduleLoop, type ScheduleLoopParts } from "./schedule/schedule-loop.ts";
export { Scheduler } from "./scheduler.ts";
export { newManualRunId, triggerRun, type TriggerRequest } from "./trigger-run.ts";
