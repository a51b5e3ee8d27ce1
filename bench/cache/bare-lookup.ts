// The floor of a lookup: the same rows and bytes, read and hashed with the bare driver.

import { hash } from "node:crypto";
import type { DialectName } from "@memodag/metastore";
import Database from "better-sqlite3";
import { Client } from "pg";
import { TEAM } from "./fill-cache.ts";

const CHUNK = 500;
const COLUMNS =
  "key, xcoms, error_code, error_message, producer_run_id, producer_map_index, producer_try_number, duration_ms, created_at";

interface RecordRow {
  readonly xcoms: string;
}

interface ResultRow {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** Looks keys up; resolves to how many have bytes of the right digest. */
export interface BareLookup {
  lookup(keys: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

/** Opens the floor of a dialect. */
export async function openBareLookup(dialect: DialectName, location: string): Promise<BareLookup> {
  return dialect === "sqlite" ? openSqlite(location) : await openPostgres(location);
}

function openSqlite(path: string): BareLookup {
  const db = new Database(path);
  const find = db.prepare(
    `select ${COLUMNS} from cache_record where team = ? and key in (select value from json_each(?))`,
  );
  const read = db.prepare(
    "select digest, bytes from result where team = ? and digest in (select value from json_each(?))",
  );
  return {
    async lookup(keys) {
      const records = inChunks(keys).flatMap((chunk) => find.all(TEAM, JSON.stringify(chunk)) as RecordRow[]);
      const results = inChunks(records.map(digestOf)).flatMap(
        (chunk) => read.all(TEAM, JSON.stringify(chunk)) as ResultRow[],
      );
      return results.filter(isIntact).length;
    },
    async close() {
      db.close();
    },
  };
}

async function openPostgres(url: string): Promise<BareLookup> {
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    async lookup(keys) {
      const records: RecordRow[] = [];
      for (const chunk of inChunks(keys)) {
        const text = `select ${COLUMNS} from cache_record where team = $1 and key = any($2)`;
        records.push(...(await client.query<RecordRow>({ name: "find", text, values: [TEAM, chunk] })).rows);
      }
      let intact = 0;
      for (const chunk of inChunks(records.map(digestOf))) {
        const text = "select digest, bytes from result where team = $1 and digest = any($2)";
        const { rows } = await client.query<ResultRow>({ name: "read", text, values: [TEAM, chunk] });
        intact += rows.filter(isIntact).length;
      }
      return intact;
    },
    close: () => client.end(),
  };
}

function digestOf({ xcoms }: RecordRow): string {
  return (JSON.parse(xcoms) as { digest: string }[])[0]?.digest ?? "";
}

function isIntact({ digest, bytes }: ResultRow): boolean {
  return hash("sha256", bytes, "hex") === digest;
}

function inChunks(keys: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let from = 0; from < keys.length; from += CHUNK) chunks.push(keys.slice(from, from + CHUNK));
  return chunks;
}
