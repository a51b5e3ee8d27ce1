export * from "./manual-clock.ts";
export * from "./serialized.ts";
