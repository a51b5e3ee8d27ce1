// Lists the other keys that instances had in other runs, on SQLite.

import type { AskedKey, EarlierKeyRow } from "../dialect.ts";
import type { SqliteConnection } from "./connection.ts";

// One statement for each instance: a few microseconds, and the index holds them in order.
const LIST = `
  select key, run_id, components from cache_decision
  where team = ? and dag_id = ? and task_id = ? and map_index = ? and dag_run_id <> ? and key <> ?
  order by decided_at desc limit ?`;

/** Lists earlier keys, latest first for each instance; see the decision store. */
export async function listEarlierKeys(
  connection: SqliteConnection,
  asked: readonly AskedKey[],
  limit: number,
): Promise<EarlierKeyRow[]> {
  return await connection.exclusive(() => {
    const list = connection.statement(LIST);
    return asked.flatMap(({ team, dagId, taskId, mapIndex, dagRunId, key }, place) => {
      const rows = list.all(team, dagId, taskId, mapIndex, dagRunId, key, limit);
      return (rows as Omit<EarlierKeyRow, "place">[]).map((row) => ({ ...row, place }));
    });
  });
}
