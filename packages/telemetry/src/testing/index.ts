export * from "./parse-open-metrics.ts";
export * from "./otlp-collector.ts";
