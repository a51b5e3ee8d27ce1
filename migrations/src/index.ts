export * from "./all-migrations.ts";
export * from "./schema-dialect.ts";
