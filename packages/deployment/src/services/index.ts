export { signInLink } from "../api/sign-in-link.ts";
export { runApiServer } from "./run-api-server.ts";
export { runDagProcessor } from "./run-dag-processor.ts";
export { runDev } from "./run-dev.ts";
export { runScheduler } from "./run-scheduler.ts";
export { checkWorker, runWorker, type CheckedWorker, type WorkerOptions } from "./run-worker.ts";
export { runWorkerApi } from "./run-worker-api.ts";
