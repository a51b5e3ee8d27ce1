// Brings a database to the schema of this program, and says how far it is.

import { MemodagError } from "@memodag/core";
import { allMigrations } from "@memodag/migrations";
import { Migrator } from "kysely/migration";
import type { Kysely } from "kysely";
import type { Dialect } from "./dialect.ts";
import type { Schema } from "./tables/schema.ts";

const MIGRATION_TABLE = "schema_migration";
const MIGRATION_LOCK_TABLE = `${MIGRATION_TABLE}_lock`;

/** The tables that say how far a database is migrated; each database has its own. */
export const MIGRATION_TABLES: readonly string[] = [MIGRATION_TABLE, MIGRATION_LOCK_TABLE];

/** Which migrations a database has. Names are in the order in which they run. */
export interface MigrationStatus {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Applied by a newer program; this one must not touch the database. */
  readonly unknown: readonly string[];
}

/** How far the database is; writes nothing. */
export async function migrationStatus(dialect: Dialect): Promise<MigrationStatus> {
  const names = Object.keys(allMigrations(dialect.schema));
  // Nearly every database has the table; listing all tables takes as long as the rest of opening it.
  const applied = await listApplied(dialect.kysely).catch(() => undefined);
  return applied ? compare(names, applied) : await statusWithin(dialect, dialect.kysely);
}

/**
 * Applies what is pending, in one transaction, and resolves to the names of what it applied. Any
 * number of processes may call it at once: one does the work, the others wait and find it done.
 * @throws MemodagError `database_newer`
 */
export async function migrate(dialect: Dialect): Promise<readonly string[]> {
  const before = await migrationStatus(dialect);
  refuseNewer(before);
  // Looking first keeps the usual start, with nothing to do, free of locks.
  if (before.pending.length === 0) return [];
  return await dialect.awaitingMigration(() =>
    dialect.kysely.transaction().execute(async (transaction) => {
      await dialect.lockForMigration(transaction);
      const { pending, ...rest } = await statusWithin(dialect, transaction);
      refuseNewer({ pending, ...rest });
      const { error } = await migratorOf(dialect, transaction).migrateToLatest();
      if (error !== undefined) throw error;
      return pending;
    }),
  );
}

/**
 * Makes sure that the database has the schema of this program.
 * @throws MemodagError `database_not_migrated`, `database_newer`
 */
export async function requireMigrated(dialect: Dialect): Promise<void> {
  const status = await migrationStatus(dialect);
  refuseNewer(status);
  if (status.pending.length === 0) return;
  throw new MemodagError(
    "database_not_migrated",
    `the database lacks ${status.pending.join(", ")}: run "memodag db migrate"`,
    { fields: { pending: status.pending } },
  );
}

function refuseNewer(status: MigrationStatus): void {
  if (status.unknown.length === 0) return;
  throw new MemodagError(
    "database_newer",
    `the database was migrated by a newer memodag (${status.unknown.join(", ")}): ` +
      "update memodag, or point [database] url at another database",
    { fields: { unknown: status.unknown } },
  );
}

async function statusWithin(dialect: Dialect, db: Kysely<Schema>): Promise<MigrationStatus> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  const names = Object.keys(allMigrations(dialect.schema));
  return compare(names, tables.some(({ name }) => name === MIGRATION_TABLE) ? await listApplied(db) : []);
}

async function listApplied(db: Kysely<Schema>): Promise<string[]> {
  const rows = await db
    .withTables<{ [MIGRATION_TABLE]: { name: string } }>()
    .selectFrom(MIGRATION_TABLE)
    .select("name")
    .orderBy("name")
    .execute();
  return rows.map((row) => row.name);
}

function compare(names: readonly string[], done: readonly string[]): MigrationStatus {
  return {
    applied: names.filter((name) => done.includes(name)),
    pending: names.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !names.includes(name)),
  };
}

function migratorOf(dialect: Dialect, db: Kysely<Schema>): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations: async () => allMigrations(dialect.schema) },
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: MIGRATION_LOCK_TABLE,
  });
}
