export { openScheduler, type SchedulerRequest } from "./open-scheduler.ts";
export { hostRuns } from "./host-runs.ts";
export { openPlanner } from "./open-planner.ts";
