// Lists the keys of an instance that have the most parts in common with another, on PostgreSQL.

import { MOST_COMPARED } from "../rows/key-parts.ts";
import type { AskedKey, EarlierKeyRow } from "../dialect.ts";
import type { PostgresConnection } from "./connection.ts";

// The parts are looked for in the JSON as it is stored: parsing thousands of rows would take ten times as long.
const LIST = `
  select key, run_id, components from (
    select key, run_id, components, decided_at from cache_decision
    where team = $1 and dag_id = $2 and task_id = $3 and map_index = $4 and dag_run_id <> $5 and key <> $6
    order by decided_at desc limit ${MOST_COMPARED}) as earlier
  order by (select count(*) from unnest($7::text[]) as part where position(part in components) = 0),
    decided_at desc
  limit $8`;

/** Lists the nearest keys first; see the decision store. */
export async function listNearestKeys(
  { pool }: PostgresConnection,
  { team, dagId, taskId, mapIndex, dagRunId, key }: AskedKey,
  parts: readonly string[],
  limit: number,
): Promise<Omit<EarlierKeyRow, "place">[]> {
  const { rows } = await pool.query<Omit<EarlierKeyRow, "place">>({
    name: "list_nearest_keys",
    text: LIST,
    values: [team, dagId, taskId, mapIndex, dagRunId, key, parts, limit],
  });
  return rows;
}
