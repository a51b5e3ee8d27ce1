export type { BreakerStates, BreakerReport, ReportedBreaker } from "./cache/breaker-states.ts";
export type { CacheSwitch, SwitchTurn } from "./cache/cache-switch.ts";
export { findDatabaseFault } from "./database-fault.ts";
export { redactUrl } from "./database-url.ts";
export { DIALECT_NAMES, type DialectName } from "./dialect.ts";
export type { MigrationStatus } from "./migrate.ts";
export * from "./open-metastore.ts";
export type { PostgresOptions } from "./postgres/connection.ts";
export type { SqliteOptions } from "./sqlite/connection.ts";
