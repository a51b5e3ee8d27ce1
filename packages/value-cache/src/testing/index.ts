export { describeValueAdapter } from "./value-adapter-contract.ts";
export { describeValueCache } from "./value-cache-contract.ts";
export type { OpenValueStore, TestRunner, ValueStoreHarness } from "./value-harness.ts";
