export { audited, newAct } from "./act.ts";
export type { OperationContext, OperationSettings, Stores } from "./context.ts";
export { isoTime } from "./iso-time.ts";
export type { RunPlanner } from "./run-planner.ts";
