export { clearRun, type ClearWish, type RunToClear } from "./clear-run.ts";
export { isDeadOwner, newOwner } from "./process-identity.ts";
export type { SchedulerListener } from "./run/run-context.ts";
export { DEFAULT_POOLS, type SchedulerOptions, type SchedulerParts } from "./scheduler-parts.ts";
export { Scheduler } from "./scheduler.ts";
export { triggerRun, type TriggerRequest } from "./trigger-run.ts";
