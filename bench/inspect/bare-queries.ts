// The plainest code that reads what inspecting a cache reads: one statement of the bare driver.

import Database from "better-sqlite3";
import { Client } from "pg";
import type { BenchDatabase } from "../harness/databases.ts";

/** A connection of the bare driver. */
export interface BareQueries {
  /** Runs a statement without parameters and reads all rows. */
  rows(sql: string): Promise<unknown[]>;
  close(): Promise<void>;
}

/** Opens one. */
export async function openBareQueries({ dialect, location }: BenchDatabase): Promise<BareQueries> {
  if (dialect === "sqlite") {
    const db = new Database(location);
    return { rows: async (sql) => db.prepare(sql).all(), close: async () => void db.close() };
  }
  const client = new Client({ connectionString: location });
  await client.connect();
  return { rows: async (sql) => (await client.query(sql)).rows, close: () => client.end() };
}
