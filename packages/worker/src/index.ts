export { ApiClient, parseBody, type ApiClientOptions } from "./api-client.ts";
export { WorkerHost, type WorkerHostOptions } from "./worker-host.ts";
