// Adds to the hit counters of many records, on PostgreSQL.

import type { HitCount } from "../dialect.ts";
import { NOW_MS } from "./clock.ts";
import type { PostgresConnection } from "./connection.ts";

// The rows are locked in the order of their keys, so that two schedulers that count the same hits wait
// for each other and never in a circle.
const COUNT = `
  with counted as (select * from unnest($2::text[], $3::bigint[]) as hit (key, count)),
  locked as materialized (
    select key from cache_record where team = $1 and key in (select key from counted)
    order by key for no key update)
  update cache_record as record
  set hit_count = record.hit_count + counted.count, last_hit_at = ${NOW_MS}
  from counted join locked using (key)
  where record.team = $1 and record.key = counted.key`;

/** Counts hits in one statement; see the record store. */
export async function countHits(
  { pool }: PostgresConnection,
  team: string,
  hits: readonly HitCount[],
): Promise<void> {
  if (hits.length === 0) return;
  const counts = new Map<string, number>();
  // A row that is joined twice is updated once.
  for (const { key, count } of hits) counts.set(key, (counts.get(key) ?? 0) + count);
  await pool.query({
    name: "count_hits",
    text: COUNT,
    values: [team, [...counts.keys()], [...counts.values()]],
  });
}
