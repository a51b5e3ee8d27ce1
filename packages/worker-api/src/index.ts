export { openWorkerApi, type WorkerApi, type WorkerApiOptions } from "./open-worker-api.ts";
