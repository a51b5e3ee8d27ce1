// Installed packages, for those who load no artifact.

export * from "./package-memory.ts";
export * from "./package-seals.ts";
