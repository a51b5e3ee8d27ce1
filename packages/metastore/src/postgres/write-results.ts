// Writes bytes by digest, on PostgreSQL.

import type { ResultBytes } from "@memodag/result-cache";
import type { ClientBase } from "pg";
import { REFRESH_AFTER_MS } from "../result-refresh.ts";
import { NOW_MS } from "./clock.ts";
import type { PostgresConnection } from "./connection.ts";

// Bytes that are there already are left alone, which is the common case, unless they were damaged, or
// are so old that a collection may take them for forgotten before the record that names them is written.
// In order of digest, so that two writers of the same bytes wait for each other and never in a circle.
const UPSERT = `
  insert into result (team, digest, size_bytes, created_at, bytes)
  select $1, digest, length(bytes), ${NOW_MS}, bytes
  from unnest($2::text[], $3::bytea[]) as written (digest, bytes) order by digest
  on conflict (team, digest) do update
  set bytes = excluded.bytes, size_bytes = excluded.size_bytes, created_at = excluded.created_at
  where result.bytes <> excluded.bytes or result.created_at < excluded.created_at - ${REFRESH_AFTER_MS}`;

/** Bytes that one statement carries at most, unless one result alone has more. */
const MAX_STATEMENT_BYTES = 64 * 2 ** 20;

/**
 * Bytes that one result may have. They go both ways as hexadecimal digits, in one string of JavaScript, which holds
 * half a gibibyte of them.
 */
export const LARGEST_RESULT_BYTES: number = 240 * 2 ** 20;

/** Writes within the caller's transaction. */
async function insertResults(
  client: ClientBase,
  team: string,
  results: readonly ResultBytes[],
): Promise<void> {
  // One statement must not touch a row twice.
  const distinct = new Map(results.map(({ digest, bytes }) => [digest, bytes]));
  let digests: string[] = [];
  let bytes: Uint8Array[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    if (digests.length === 0) return;
    await client.query({ name: "upsert_results", text: UPSERT, values: [team, digests, bytes] });
    [digests, bytes, size] = [[], [], 0];
  };
  for (const [digest, value] of distinct) {
    // Before and not after: a large one on top of what is there already may be more than a statement holds.
    if (size + value.length > MAX_STATEMENT_BYTES) await flush();
    digests.push(digest);
    bytes.push(value);
    size += value.length;
  }
  await flush();
}

/** Writes in a transaction of its own. */
export async function writeResults(
  connection: PostgresConnection,
  team: string,
  results: readonly ResultBytes[],
): Promise<void> {
  if (results.length === 0) return;
  await connection.transaction((client) => insertResults(client, team, results));
}
