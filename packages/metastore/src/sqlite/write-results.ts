// Writes bytes by digest, on SQLite.

import type { ResultBytes } from "@memodag/result-cache";
import { REFRESH_AFTER_MS } from "../result-refresh.ts";
import { NOW_MS } from "./clock.ts";
import type { SqliteConnection } from "./connection.ts";

// Bytes that are there already are left alone, which is the common case, unless they were damaged, or
// are so old that a collection may take them for forgotten before the record that names them is written.
const UPSERT = `
  insert into result (team, digest, size_bytes, created_at, bytes) values (?, ?, ?, ${NOW_MS}, ?)
  on conflict (team, digest) do update
  set bytes = excluded.bytes, size_bytes = excluded.size_bytes, created_at = excluded.created_at
  where result.bytes <> excluded.bytes or result.created_at < excluded.created_at - ${REFRESH_AFTER_MS}`;

/** Bytes that one result may have: as many as a worker's frame carries. SQLite itself takes a thousand million. */
export const LARGEST_RESULT_BYTES: number = 511 * 2 ** 20;

/** Writes within the caller's transaction. */
function insertResults(connection: SqliteConnection, team: string, results: readonly ResultBytes[]): void {
  const upsert = connection.statement(UPSERT);
  for (const { digest, bytes } of results) upsert.run(team, digest, bytes.length, bytes);
}

/** Writes in a transaction of its own. */
export async function writeResults(
  connection: SqliteConnection,
  team: string,
  results: readonly ResultBytes[],
): Promise<void> {
  if (results.length === 0) return;
  await connection.transaction(() => insertResults(connection, team, results));
}
