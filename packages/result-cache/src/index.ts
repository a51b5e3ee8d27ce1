export { type BreakerState } from "./cache-breaker.ts";
export * from "./cache-key.ts";
export * from "./cache-lookup.ts";
export * from "./key-components.ts";
export * from "./memory/memory-record-store.ts";
export * from "./memory/memory-result-store.ts";
export * from "./record-store.ts";
export * from "./result-cache.ts";
export * from "./result-store.ts";
