export { createClient, type Client, type ClientOptions } from "./client.ts";
export { MemodagApiError } from "./api-error.ts";
