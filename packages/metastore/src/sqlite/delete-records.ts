// Deletes cache records that are still as they were listed, on SQLite.

import type { Amount, CollectableRecord, RemovalCause } from "@memodag/result-cache";
import { NOW_MS } from "./clock.ts";
import type { SqliteConnection } from "./connection.ts";

const DELETE =
  "delete from cache_record where team = ? and key = ? and coalesce(last_hit_at, created_at) = ?";

// Asked once and not for each record: there are as many as there are tasks that run, and a subquery makes
// each deletion twice as dear.
const LEASED = `select team, key from cache_lease where expires_at > ${NOW_MS}`;

const NOTE = `
  insert into cache_removal (team, key, cause, removed_at) values (?, ?, ?, ${NOW_MS})
  on conflict (team, key) do update set cause = excluded.cause, removed_at = excluded.removed_at`;

/** Deletes records in one transaction; see retention. */
export async function deleteRecords(
  connection: SqliteConnection,
  records: readonly CollectableRecord[],
  cause: RemovalCause,
): Promise<Amount> {
  return await connection.bulkTransaction(() => {
    const remove = connection.statement(DELETE);
    const leases = connection.statement(LEASED).all() as Pick<CollectableRecord, "team" | "key">[];
    const leased = new Set(leases.map(nameOf));
    const gone = records.filter(
      (record) =>
        !leased.has(nameOf(record)) && remove.run(record.team, record.key, record.usedAt).changes > 0,
    );
    const note = connection.statement(NOTE);
    for (const { team, key } of gone) note.run(team, key, cause);
    return { count: gone.length, sizeBytes: gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  });
}

function nameOf({ team, key }: Pick<CollectableRecord, "team" | "key">): string {
  return `${key} ${team}`;
}
