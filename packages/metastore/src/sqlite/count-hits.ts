// Adds to the hit counters of many records, on SQLite.

import type { HitCount } from "../dialect.ts";
import { NOW_MS } from "./clock.ts";
import type { SqliteConnection } from "./connection.ts";

const COUNT = `
  update cache_record set hit_count = hit_count + ?, last_hit_at = ${NOW_MS} where team = ? and key = ?`;

/** Counts hits in one transaction; see the record store. */
export async function countHits(
  connection: SqliteConnection,
  team: string,
  hits: readonly HitCount[],
): Promise<void> {
  await connection.transaction(() => {
    const count = connection.statement(COUNT);
    for (const hit of hits) count.run(hit.count, team, hit.key);
  });
}
