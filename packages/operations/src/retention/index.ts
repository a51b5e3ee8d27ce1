export { deleteRuns, type DeleteRunsInput } from "./delete-runs.ts";
export type { Removed } from "./removed.ts";
