// Fresh databases for tests, of either kind.

import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { inject } from "vitest";
import { DIALECT_NAMES, type DialectName } from "../dialect.ts";
import type { MetastoreOptions } from "../open-dialect.ts";
import { openMetastore, type Metastore } from "../open-metastore.ts";
import { createDatabase, databaseUrl, dropDatabase, onServer } from "./postgres-database.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The server of the run, and its migrated database that others are copied from. */
    postgres: { readonly serverUrl: string; readonly template: string };
  }
}

/** Every dialect, for `describe.each`. */
export const TEST_DIALECTS: readonly DialectName[] = DIALECT_NAMES;

/** An empty database that is there for a test alone. */
export interface TestDatabase extends AsyncDisposable {
  readonly dialect: DialectName;
  /** For `[database] url`, or for processes that a test starts. */
  readonly url: string;
  /** Runs SQL past the stores, for what they never do: damage, other clocks. */
  execute(sql: string): Promise<void>;
  /** Removes the database, ending whatever is connected to it. */
  drop(): Promise<void>;
}

/** A migrated database of a test, open. */
export interface TestMetastore extends Metastore, AsyncDisposable {
  /** For `[database] url`, or for processes that a test starts. */
  readonly url: string;
  /** Runs SQL past the stores, for what they never do: damage, other clocks. */
  execute(sql: string): Promise<void>;
  /** Opens the database once more, as another process would; closed with this one at the latest. */
  openAgain(options?: MetastoreOptions): Promise<Metastore>;
  /** Closes and removes the database. */
  close(): Promise<void>;
}

/** Makes an empty database: nothing is migrated. */
export async function createTestDatabase(dialect: DialectName): Promise<TestDatabase> {
  return dialect === "sqlite" ? createSqlite() : await createPostgres();
}

/**
 * Makes a migrated database and opens it. One for each test file is the rule, since it takes some
 * 50 ms on PostgreSQL; tests keep apart by their Dag ids.
 */
export async function openTestMetastore(
  dialect: DialectName,
  options: MetastoreOptions = {},
): Promise<TestMetastore> {
  const database = dialect === "sqlite" ? createSqlite() : await createPostgres(inject("postgres").template);
  const metastore = await openMetastore(database.url, options);
  await metastore.migrate();
  const opened = [metastore];
  const close = async (): Promise<void> => {
    for (const one of opened) await one.close();
    await database.drop();
  };
  return {
    ...metastore,
    url: database.url,
    execute: (sql) => database.execute(sql),
    async openAgain(again = {}) {
      const another = await openMetastore(database.url, again);
      opened.push(another);
      return another;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createSqlite(): TestDatabase {
  const folder = mkdtempSync(join(tmpdir(), "memodag-sqlite-"));
  const drop = async (): Promise<void> => rmSync(folder, { recursive: true, force: true });
  const url = `sqlite:${join(folder, "metadata.db")}`;
  const execute = (sql: string): Promise<void> => executeSql(url, sql);
  return { dialect: "sqlite", url, execute, drop, [Symbol.asyncDispose]: drop };
}

async function createPostgres(template?: string): Promise<TestDatabase> {
  const { serverUrl } = inject("postgres");
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await createDatabase(serverUrl, name, template);
  const url = databaseUrl(serverUrl, name);
  const execute = (sql: string): Promise<void> => executeSql(url, sql);
  const drop = (): Promise<void> => dropDatabase(serverUrl, name);
  return { dialect: "postgres", url, execute, drop, [Symbol.asyncDispose]: drop };
}

/** Reads rows past the stores, of a database of either kind. */
export async function readRows(url: string, sql: string): Promise<Record<string, unknown>[]> {
  if (!url.startsWith("sqlite:"))
    return await onServer(url, async (client) => (await client.query<Record<string, unknown>>(sql)).rows);
  const database = new Database(url.slice("sqlite:".length), { readonly: true });
  try {
    return database.prepare(sql).all() as Record<string, unknown>[];
  } finally {
    database.close();
  }
}

/** Runs SQL past the stores, on a database of either kind. */
export async function executeSql(url: string, sql: string): Promise<void> {
  if (!url.startsWith("sqlite:")) {
    await onServer(url, (client) => client.query(sql));
    return;
  }
  const database = new Database(url.slice("sqlite:".length));
  database.exec(sql);
  database.close();
}
