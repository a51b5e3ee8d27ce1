// Deletes cache records that a purge has found, on PostgreSQL.

import type { RemovalCause } from "@memodag/result-cache";
import type { DoomedRecord } from "../dialect.ts";
import { NOW_MS } from "./clock.ts";
import type { PostgresConnection } from "./connection.ts";

// By key and age alone. Were the purge's own filter in here, the planner could read all that matches it for
// every batch, and does so once statistics that are older than half of the purge tell it that little is left.
// Locked rows are skipped to avoid deadlocks; the purge finds them again.
const PURGE = `
  with found as materialized (
    select record.team, record.key
    from cache_record as record
      join unnest($1::text[], $2::text[], $3::bigint[]) as listed (team, key, created_at)
        on record.team = listed.team and record.key = listed.key and record.created_at = listed.created_at
    for update of record skip locked),
  deleted as (
    delete from cache_record as record using found
    where record.team = found.team and record.key = found.key
    returning record.team, record.key),
  noted as (
    insert into cache_removal (team, key, cause, removed_at)
    select team, key, $4, ${NOW_MS} from deleted order by team, key
    on conflict (team, key) do update set cause = excluded.cause, removed_at = excluded.removed_at)
  select count(*) as purged from deleted`;

/** Deletes records in one statement; see the dialect. */
export async function purgeFound(
  { pool }: PostgresConnection,
  found: readonly DoomedRecord[],
  cause: RemovalCause,
): Promise<number> {
  const { rows } = await pool.query<{ purged: number }>({
    name: "purge_found",
    text: PURGE,
    values: [
      found.map(({ team }) => team),
      found.map(({ key }) => key),
      found.map(({ createdAt }) => createdAt),
      cause,
    ],
  });
  return rows[0]?.purged ?? 0;
}
