// Deletes cache records that are still as they were listed, on PostgreSQL.

import type { Amount, CollectableRecord, RemovalCause } from "@memodag/result-cache";
import { NOW_MS } from "./clock.ts";
import type { PostgresConnection } from "./connection.ts";

// Locked rows are in use or being deleted: skipped, so that collectors and the writer that
// counts hits, never wait for each other in a circle.
const DELETE = `
  with unused as materialized (
    select record.team, record.key
    from cache_record as record
      join unnest($1::text[], $2::text[], $3::bigint[]) as listed (team, key, used_at)
        on record.team = listed.team and record.key = listed.key
    where coalesce(record.last_hit_at, record.created_at) = listed.used_at
      and not exists (
        select 1 from cache_lease as lease
        where lease.team = record.team and lease.key = record.key and lease.expires_at > ${NOW_MS})
    for update of record skip locked),
  deleted as (
    delete from cache_record as record using unused
    where record.team = unused.team and record.key = unused.key
    returning record.team, record.key, record.size_bytes),
  noted as (
    insert into cache_removal (team, key, cause, removed_at)
    select team, key, $4, ${NOW_MS} from deleted order by team, key
    on conflict (team, key) do update set cause = excluded.cause, removed_at = excluded.removed_at)
  select size_bytes from deleted`;

/** Deletes records in one statement; see retention. */
export async function deleteRecords(
  { pool }: PostgresConnection,
  records: readonly CollectableRecord[],
  cause: RemovalCause,
): Promise<Amount> {
  const { rows } = await pool.query<{ size_bytes: number }>({
    name: "delete_records",
    text: DELETE,
    values: [
      records.map(({ team }) => team),
      records.map(({ key }) => key),
      records.map(({ usedAt }) => usedAt),
      cause,
    ],
  });
  return { count: rows.length, sizeBytes: rows.reduce((sum, row) => sum + row.size_bytes, 0) };
}
