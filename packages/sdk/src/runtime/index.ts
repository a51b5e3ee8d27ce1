export { takeServed } from "../authoring/bundle.ts";
export { dagInvalid } from "../authoring/dag-fault.ts";
export { xcomTooLarge, type AttemptScope } from "./attempt-scope.ts";
export type { AnyHandler } from "../authoring/handler.ts";
export {
  getHandler,
  isDag,
  listHandlers,
  listHitl,
  listResultSchemas,
  listTaskIds,
} from "./list-handlers.ts";
export { callKeyFunction, listKeyFunctions } from "./call-key-function.ts";
export { openJobCache } from "./open-job-cache.ts";
export type { EntryAccess } from "./job-caches.ts";
export { checkResult } from "./check-result.ts";
export type { SensorTime } from "./ask-until-found.ts";
export { runCallback } from "./run-callback.ts";
export { runHandler, runSensor, type HandlerOutcome, type SensorOutcome } from "./run-handler.ts";
export { runHitl } from "./run-hitl.ts";
export { findTaskEnd } from "../context/task-end.ts";
export { serializeDag, type DagSource } from "./serialize-dag.ts";
export { replaceHandlers } from "./replace-handlers.ts";
