export * from "./key-components.ts";
export * from "./record-store.ts";
export * from "./result-store.ts";
