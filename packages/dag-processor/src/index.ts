export type { DagBundle } from "./dag-bundle.ts";
export * from "./dag-processor.ts";
export * from "./watch-bundles.ts";
