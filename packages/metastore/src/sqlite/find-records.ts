// Looks many cache keys up at once, on SQLite.

import type { FoundRecord, StoreCallOptions } from "@memodag/result-cache";
import { FOUND_COLUMNS, toFoundRecord, type FoundRecordRow } from "../rows/cache-record-row.ts";
import { NOW_MS } from "./clock.ts";
import type { SqliteConnection } from "./connection.ts";
import { inChunks } from "./in-chunks.ts";

// The keys go in as one JSON text, so that one prepared statement serves any number of them. The clock
// is a scalar subquery, which SQLite evaluates once and not for each row.
const FIND = `
  select ${FOUND_COLUMNS.join(", ")}, (select ${NOW_MS}) - created_at as age_ms
  from cache_record where team = ? and key in (select value from json_each(?))`;

/** Finds records by their keys as stored. */
export async function findRecords(
  connection: SqliteConnection,
  team: string,
  keys: readonly string[],
  { signal }: StoreCallOptions,
): Promise<Map<string, FoundRecord>> {
  const found = new Map<string, FoundRecord>();
  await inChunks(connection, keys, signal, (chunk) => {
    const rows = connection.statement(FIND).all(team, JSON.stringify(chunk)) as FoundRecordRow[];
    for (const row of rows) found.set(row.key, toFoundRecord(row));
  });
  return found;
}
