export * from "./artifact-copies.ts";
export * from "./key-processes.ts";
export * from "./local-executor.ts";
export * from "./log-file-path.ts";
export * from "./surroundings/local-surroundings.ts";
export type { PackageDifference } from "./surroundings/package-change.ts";
