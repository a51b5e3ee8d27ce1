// Code that runs before the program is loaded, and keeps the secrets that it took.

export * from "@memodag/deployment/environment-secrets";
export { findCompileCacheFolder } from "./compile-cache.ts";
