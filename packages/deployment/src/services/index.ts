export { runDagProcessor } from "./run-dag-processor.ts";
export { runDev } from "./run-dev.ts";
export { runScheduler } from "./run-scheduler.ts";
