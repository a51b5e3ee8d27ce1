// Deletes cache records that are still as they were listed, on SQLite.

import type { Amount, CollectableRecord } from "@memodag/result-cache";
import { NOW_MS } from "./clock.ts";
import type { SqliteConnection } from "./connection.ts";

const DELETE = `
  delete from cache_record
  where team = ? and key = ? and coalesce(last_hit_at, created_at) = ?
    and not exists (
      select 1 from cache_lease as lease
      where lease.team = cache_record.team and lease.key = cache_record.key and lease.expires_at > ${NOW_MS})`;

/** Deletes records in one transaction; see retention. */
export async function deleteRecords(
  connection: SqliteConnection,
  records: readonly CollectableRecord[],
): Promise<Amount> {
  return await connection.transaction(() => {
    const remove = connection.statement(DELETE);
    const gone = records.filter(({ team, key, usedAt }) => remove.run(team, key, usedAt).changes > 0);
    return { count: gone.length, sizeBytes: gone.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  });
}
