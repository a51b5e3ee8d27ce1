// Lists the other keys that instances had in other runs, on PostgreSQL.

import type { AskedKey, EarlierKeyRow } from "../dialect.ts";
import type { PostgresConnection } from "./connection.ts";

// One round trip for all instances; the lateral join reads the first few of each from the index.
const LIST = `
  select asked.place - 1 as place, earlier.key, earlier.run_id, earlier.components
  from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[])
      with ordinality as asked (team, dag_id, task_id, map_index, dag_run_id, key, place)
    cross join lateral (
      select key, run_id, components, decided_at from cache_decision as decision
      where decision.team = asked.team and decision.dag_id = asked.dag_id
        and decision.task_id = asked.task_id and decision.map_index = asked.map_index
        and decision.dag_run_id <> asked.dag_run_id and decision.key <> asked.key
      order by decided_at desc limit $7) as earlier
  order by place, earlier.decided_at desc`;

/** Lists earlier keys, latest first for each instance; see the decision store. */
export async function listEarlierKeys(
  { pool }: PostgresConnection,
  asked: readonly AskedKey[],
  limit: number,
): Promise<EarlierKeyRow[]> {
  const { rows } = await pool.query<EarlierKeyRow>({
    name: "list_earlier_keys",
    text: LIST,
    values: [
      asked.map(({ team }) => team),
      asked.map(({ dagId }) => dagId),
      asked.map(({ taskId }) => taskId),
      asked.map(({ mapIndex }) => mapIndex),
      asked.map(({ dagRunId }) => dagRunId),
      asked.map(({ key }) => key),
      limit,
    ],
  });
  return rows;
}
