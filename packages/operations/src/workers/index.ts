export { drainWorker, type DrainedWorkers, type DrainInput } from "./drain-worker.ts";
export { listQueues, type QueueReport } from "./list-queues.ts";
export { listWorkers, type WorkerReport } from "./list-workers.ts";
export {
  listTokens,
  makeToken,
  revokeToken,
  type MadeToken,
  type MakeTokenInput,
  type TokenName,
  type TokenReport,
} from "./worker-tokens.ts";
