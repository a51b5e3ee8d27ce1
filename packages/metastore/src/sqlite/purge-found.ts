// Deletes cache records that a purge has found, on SQLite.

import type { RemovalCause } from "@memodag/result-cache";
import type { DoomedRecord } from "../dialect.ts";
import { NOW_MS } from "./clock.ts";
import type { SqliteConnection } from "./connection.ts";

const DELETE = "delete from cache_record where team = ? and key = ? and created_at = ?";

const NOTE = `
  insert into cache_removal (team, key, cause, removed_at) values (?, ?, ?, ${NOW_MS})
  on conflict (team, key) do update set cause = excluded.cause, removed_at = excluded.removed_at`;

/** Deletes records in one transaction; see the dialect. */
export async function purgeFound(
  connection: SqliteConnection,
  found: readonly DoomedRecord[],
  cause: RemovalCause,
): Promise<number> {
  return await connection.bulkTransaction(() => {
    const remove = connection.statement(DELETE);
    const note = connection.statement(NOTE);
    let purged = 0;
    for (const { team, key, createdAt } of found) {
      if (remove.run(team, key, createdAt).changes === 0) continue;
      note.run(team, key, cause);
      purged += 1;
    }
    return purged;
  });
}
