export * from "./attempt-feed-contract.ts";
export * from "./dispatch-engine-contract.ts";
export type * from "./engine-harness.ts";
export * from "./memory-engine.ts";
