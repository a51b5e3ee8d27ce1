export * from "./faulty-proxy.ts";
export * from "./google-storage-server.ts";
export * from "./redis-server.ts";
export * from "./seaweed-server.ts";
export * from "./server-process.ts";
