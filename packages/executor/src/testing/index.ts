export * from "./executor-contract.ts";
export type * from "./executor-harness.ts";
export * from "./log-store-contract.ts";
