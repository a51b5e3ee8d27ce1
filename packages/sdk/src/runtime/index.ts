export type { AttemptScope, XComAddress } from "./attempt-scope.ts";
export type { AnyHandler } from "../authoring/handler.ts";
export { getHandler, isDag, listHandlers, listTaskIds } from "./list-handlers.ts";
export { runHandler, type HandlerOutcome } from "./run-handler.ts";
export { serializeDag, type DagSource } from "./serialize-dag.ts";
