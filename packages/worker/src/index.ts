export { ApiClient, parseBody, type ApiClientOptions } from "./api-client.ts";
export type { HostDifference } from "./compare-host.ts";
export { WorkerHost } from "./worker-host.ts";
export type { WorkerHostOptions } from "./worker-host-options.ts";
