export { ApiClient, parseBody, type ApiClientOptions } from "./api-client.ts";
export type { HostDifference } from "./compare-host.ts";
export { WorkerHost, type WorkerHostOptions } from "./worker-host.ts";
