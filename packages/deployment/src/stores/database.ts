// Opens the databases of config URLs, migrated if this program is responsible for that.

import type { Metastore, MetastoreOptions, MigrationStatus } from "@memodag/metastore";
import { ownEnvironment } from "../config/environment-secrets.ts";
import { loadSettings, type ConfigChoice } from "../config/settings.ts";

/** True when the database is a file of this machine, which no other machine shares. */
export function isSingleMachine({ dialect }: Metastore): boolean {
  return dialect === "sqlite";
}

/**
 * Opens a database. A database of this machine is created and migrated if necessary.
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
 * Opens a database without migrating it.
 * @throws MemodagError `database_unreachable`
 */
export async function openAsItIs(url: string, options: MetastoreOptions = {}): Promise<Metastore> {
  const { openMetastore } = await import("@memodag/metastore");
  return await openMetastore(url, { ...options, postgres: { ...passwordOptions(), ...options.postgres } });
}

/** The password of the environment, for URLs without one. */
export function passwordOptions(): { readonly password?: string } {
  const password = ownEnvironment()["PGPASSWORD"];
  return password === undefined ? {} : { password };
}

/** Migrates the databases of the config and resolves to the applied migrations. */
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

/** The migration status of a database. */
export interface DatabaseStatus extends MigrationStatus {
  /** Without the password. */
  readonly url: string;
}

/** The migration status of the metadata database; writes nothing. */
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
