// The frames of a worker's protocol, for executors on other machines.

export { answerQuestion, unanswered } from "./answer-question.ts";
export { areCanonicalJson } from "./canonical-check.ts";
export * from "./frame.ts";
export {
  fromExecutorFrame,
  fromWorkerFrame,
  toExecutorFrame,
  toWorkerFrame,
  type Answer,
  type FromWorker,
  type Question,
} from "./protocol.ts";
