export * from "./byte-store-contract.ts";
export * from "./lease-store-contract.ts";
export * from "./record-lookup-contract.ts";
export * from "./record-store-contract.ts";
export * from "./result-store-contract.ts";
export { sampleRecord } from "./sample-record.ts";
export * from "./retention-contract.ts";
export type * from "./store-harness.ts";
export type { OpenRetentionStores, RetentionHarness } from "./retention-stores.ts";
