// Entry point for installed packages, without the loading of artifacts.

export * from "./package-memory.ts";
export * from "./package-seals.ts";
