export * from "./ended-runs.ts";
export * from "./saved-dags.ts";
export * from "./test-databases.ts";
export * from "./freezing-proxy.ts";
