export * from "./messages.ts";
export * from "./routes.ts";
export * from "./version.ts";
