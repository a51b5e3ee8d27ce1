export { cleanDatabase, openRetention, planClean } from "./clean-database.ts";
export { deleteRuns, type DeleteRunsInput } from "./delete-runs.ts";
export { giveBackSpace } from "./give-back-space.ts";
export { planRetention } from "./plan.ts";
export { Leadership } from "./leadership.ts";
export { LocalFiles } from "./local-files.ts";
export type { DagLimits, RetentionLimits } from "../retention-limits.ts";
export type { Removed } from "./removed.ts";
