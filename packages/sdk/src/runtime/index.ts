export { dagInvalid } from "../authoring/dag-fault.ts";
export { xcomTooLarge, type AttemptScope } from "./attempt-scope.ts";
export type { AnyHandler } from "../authoring/handler.ts";
export { getHandler, isDag, listHandlers, listTaskIds } from "./list-handlers.ts";
export type { SensorTime } from "./ask-until-found.ts";
export { runCallback } from "./run-callback.ts";
export { runHandler, runSensor, type HandlerOutcome, type SensorOutcome } from "./run-handler.ts";
export { findTaskEnd } from "../context/task-end.ts";
export { serializeDag, type DagSource } from "./serialize-dag.ts";
