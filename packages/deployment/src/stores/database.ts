// Opens the databases that config urls name, migrated as far as that is this program's to do.

import type { Metastore, MetastoreOptions, MigrationStatus } from "@memodag/metastore";
import { ownEnvironment } from "../config/environment-secrets.ts";
import { loadSettings, type ConfigChoice } from "../config/settings.ts";

/** True when the database is a file of this machine, which no other machine has a part in. */
export function isSingleMachine({ dialect }: Metastore): boolean {
  return dialect === "sqlite";
}

/**
 * Opens a database. One of this machine is made and migrated when it has to be.
 * @throws MemodagError `database_unreachable`, `database_not_migrated`, `database_newer`.
 */
export async function openDatabase(url: string, options?: MetastoreOptions): Promise<Metastore> {
  const database = await openAsItIs(url, options);
  try {
    if (isSingleMachine(database)) await database.migrate();
    else await database.requireMigrated();
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

/**
 * Opens a database and migrates nothing.
 * @throws MemodagError `database_unreachable`
 */
export async function openAsItIs(url: string, options: MetastoreOptions = {}): Promise<Metastore> {
  const { openMetastore } = await import("@memodag/metastore");
  const password = ownEnvironment()["PGPASSWORD"];
  const postgres = { ...(password !== undefined && { password }), ...options.postgres };
  return await openMetastore(url, { ...options, postgres });
}

/** Migrates the databases of the config and resolves to what was applied. */
export async function migrateDatabases(choice: ConfigChoice): Promise<readonly string[]> {
  const { config } = await loadSettings(choice);
  const urls = new Set([config.database.url, config.taskCache.url ?? config.database.url]);
  const applied: string[] = [];
  for (const url of urls) {
    const database = await openAsItIs(url);
    try {
      for (const name of await database.migrate()) applied.push(name);
    } finally {
      await database.close();
    }
  }
  return applied;
}

/** How far a database is migrated. */
export interface DatabaseStatus extends MigrationStatus {
  /** Without its password. */
  readonly url: string;
}

/** How far the metadata database is migrated; writes nothing. */
export async function readDatabaseStatus(choice: ConfigChoice): Promise<DatabaseStatus> {
  const { url } = (await loadSettings(choice)).config.database;
  const { redactUrl } = await import("@memodag/config");
  const database = await openAsItIs(url);
  try {
    return { url: redactUrl(url), ...(await database.migrationStatus()) };
  } finally {
    await database.close();
  }
}
