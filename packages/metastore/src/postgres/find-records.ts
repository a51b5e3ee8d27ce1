// Looks many cache keys up at once, on PostgreSQL.

import type { FoundRecord, StoreCallOptions } from "@memodag/result-cache";
import { FOUND_COLUMNS, toFoundRecord, type FoundRecordRow } from "../rows/cache-record-row.ts";
import { cancellableQuery } from "./cancellable.ts";
import { NOW_MS } from "./clock.ts";
import type { PostgresConnection } from "./connection.ts";
import { inChunks } from "./in-chunks.ts";

// A list as one parameter: one prepared statement, and one plan, for any number of keys.
const FIND = `
  select ${FOUND_COLUMNS.join(", ")}, ${NOW_MS} - created_at as age_ms
  from cache_record where team = $1 and key = any($2::text[])`;

/** Finds records by their keys as stored. */
export async function findRecords(
  connection: PostgresConnection,
  team: string,
  keys: readonly string[],
  { signal }: StoreCallOptions,
): Promise<Map<string, FoundRecord>> {
  const found = new Map<string, FoundRecord>();
  await inChunks(keys, async (chunk) => {
    const query = { name: "find_records", text: FIND, values: [team, chunk] };
    for (const row of await cancellableQuery<FoundRecordRow>(connection, query, signal)) {
      found.set(row.key, toFoundRecord(row));
    }
  });
  return found;
}
