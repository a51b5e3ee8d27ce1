// Fills a cache with records and results, by the bare drivers: a million of them is not the cache's own work.

import { sha256 } from "@memodag/core";
import Database from "better-sqlite3";
import { Client } from "pg";
import type { BenchDatabase } from "../harness/databases.ts";

/** The team of all records. */
export const TEAM = "default";

const CHUNK = 20_000;

/** The key of a record by its number. */
export function keyOf(number: number): string {
  return sha256(`key ${number}`);
}

interface Row {
  readonly key: string;
  readonly source: string;
  readonly components: string;
  readonly xcoms: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

function rowOf(number: number): Row {
  const bytes = Buffer.from(JSON.stringify({ number, text: "x".repeat(64 + (number % 61)) }));
  const digest = sha256(bytes);
  const source = sha256(`source ${number % 50}`);
  return {
    key: keyOf(number),
    source,
    components: JSON.stringify({
      v: 1,
      team: TEAM,
      dag: "bench",
      task: `t${number % 50}`,
      source,
      inputs: { n: sha256(String(number)) },
      context: {},
      env: {},
      version: null,
    }),
    xcoms: JSON.stringify([{ key: "return_value", digest, sizeBytes: bytes.length }]),
    digest,
    bytes,
  };
}

function durationOf(number: number): number {
  return 100 + (number % 977);
}

function hitsOf(number: number): number {
  return number % 1_009;
}

/** Adds the records from `from` up to, not including, `to`. */
export async function fillCache(
  { dialect, location }: BenchDatabase,
  from: number,
  to: number,
): Promise<void> {
  await (dialect === "sqlite" ? fillSqlite(location, from, to) : fillPostgres(location, from, to));
}

const RECORD_COLUMNS =
  "team, key, dag_id, task_id, source_hash, components, xcoms, result_digest, size_bytes, producer_run_id, producer_map_index, producer_try_number, duration_ms, created_at, hit_count";

// Indexes are left out while rows are written, and made at once after that: keys are random, and keeping a
// dozen of indexes in order row by row is most of the work.
const SQLITE_INDEXES =
  "select name, sql from sqlite_schema where type = 'index' and tbl_name = 'cache_record' and sql is not null";

interface SqliteIndex {
  readonly name: string;
  readonly sql: string;
}

const POSTGRES_INDEXES = `
  select indexrelid::regclass as name, pg_get_indexdef(indexrelid) as sql
  from pg_index where indrelid = 'cache_record'::regclass and not indisprimary`;

function fillSqlite(path: string, from: number, to: number): void {
  const db = new Database(path);
  db.pragma("synchronous = OFF");
  db.pragma("cache_size = -1048576");
  const indexes = db.prepare<[], SqliteIndex>(SQLITE_INDEXES).all();
  for (const { name } of indexes) db.exec(`drop index ${name}`);
  const result = db.prepare(
    "insert into result (team, digest, size_bytes, created_at, bytes) values (?, ?, ?, ?, ?)",
  );
  const record = db.prepare(
    `insert into cache_record (${RECORD_COLUMNS}) values (?, ?, 'bench', ?, ?, ?, ?, ?, ?, ?, -1, 1, ?, ?, ?)`,
  );
  const now = Date.now();
  for (let start = from; start < to; start += CHUNK) {
    db.transaction(() => {
      for (let number = start; number < Math.min(to, start + CHUNK); number += 1) {
        const row = rowOf(number);
        result.run(TEAM, row.digest, row.bytes.length, now, row.bytes);
        record.run(
          TEAM,
          row.key,
          `t${number % 50}`,
          row.source,
          row.components,
          row.xcoms,
          row.digest,
          row.bytes.length,
          `run-${number % 1_000}`,
          durationOf(number),
          now - number * 100,
          hitsOf(number),
        );
      }
    })();
  }
  for (const { sql } of indexes) db.exec(sql);
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
}

async function fillPostgres(url: string, from: number, to: number): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows: indexes } = await client.query<{ name: string; sql: string }>(POSTGRES_INDEXES);
  for (const { name } of indexes) await client.query(`drop index ${name}`);
  const now = Date.now();
  for (let start = from; start < to; start += CHUNK) {
    const numbers = Array.from({ length: Math.min(to, start + CHUNK) - start }, (_, index) => start + index);
    const rows = numbers.map(rowOf);
    const column = <K extends keyof Row>(name: K): Row[K][] => rows.map((row) => row[name]);
    const sizes = rows.map((row) => row.bytes.length);
    await client.query(
      `insert into result (team, digest, size_bytes, created_at, bytes)
       select $1, digest, size, $2, bytes from unnest($3::text[], $4::bigint[], $5::bytea[]) as t (digest, size, bytes)`,
      [TEAM, now, column("digest"), sizes, column("bytes")],
    );
    await client.query(
      `insert into cache_record (${RECORD_COLUMNS})
       select $1, key, 'bench', 't' || (number % 50), source, components, xcoms, digest, size, 'run-' || (number % 1000), -1, 1, 100 + number % 977, $2 - number * 100, number % 1009
       from unnest($3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[])
         as t (key, number, source, components, xcoms, digest, size)`,
      [
        TEAM,
        now,
        column("key"),
        numbers,
        column("source"),
        column("components"),
        column("xcoms"),
        column("digest"),
        sizes,
      ],
    );
  }
  for (const { sql } of indexes) await client.query(sql);
  await client.query("vacuum analyze cache_record, result");
  await client.end();
}
