// Databases of earlier versions.

import type { TestDatabase } from "@memodag/metastore/testing";
import { allMigrations } from "@memodag/migrations";
import { Migrator } from "kysely/migration";
import { parseDatabaseUrl } from "../src/database-url.ts";
import { MIGRATION_TABLES } from "../src/migrate.ts";
import { openDialect } from "../src/open-dialect.ts";

/** Migrates an empty database as far as an earlier version did. Returns the names of later migrations. */
export async function migrateTo({ url }: TestDatabase, name: string): Promise<string[]> {
  const opened = await openDialect(parseDatabaseUrl(url, "/"), {});
  const [migrationTableName = "", migrationLockTableName = ""] = MIGRATION_TABLES;
  const migrations = allMigrations(opened.schema);
  const migrator = new Migrator({
    db: opened.kysely,
    provider: { getMigrations: async () => migrations },
    migrationTableName,
    migrationLockTableName,
  });
  const { error } = await migrator.migrateTo(name);
  await opened.close();
  if (error !== undefined) throw error;
  return Object.keys(migrations).filter((one) => one > name);
}
