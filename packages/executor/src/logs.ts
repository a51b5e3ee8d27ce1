export * from "./file-log-store.ts";
