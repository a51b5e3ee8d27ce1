export { openScheduler, type SchedulerWish } from "./open-scheduler.ts";
export { hostRuns } from "./host-runs.ts";
