export * from "./faulty-proxy.ts";
export * from "./google-storage-server.ts";
export * from "./json-schema-checker.ts";
export * from "./mermaid.ts";
export * from "./redis-server.ts";
export * from "./seaweed-server.ts";
export * from "./server-process.ts";
export * from "./shells.ts";
