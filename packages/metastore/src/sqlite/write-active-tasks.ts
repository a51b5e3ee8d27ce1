// Counts what is queued or running against its limits, on SQLite, where a pass is the only writer.

import type { PassWrite } from "@memodag/core";
import { AbandonedPass } from "../abandoned-pass.ts";
import { ACTIVE_STATES, activeChanges } from "../limits/active-states.ts";
import { findShortage, type PoolUse } from "../limits/check-limits.ts";
import type { SqliteConnection } from "./connection.ts";

const LET_GO = "delete from active_task where dag_run_id = ? and task_id = ? and map_index = ?";
// The instance's row decides, so that manually changed instances no longer count. A cross join keeps its
// order: without statistics SQLite would go through all instances to find the few that are active.
const COUNT = `
  select a.pool, sum(a.slots) as slots, count(*) filter (where a.team = ? and a.dag_id = ?) as of_dag
  from active_task as a
  cross join task_instance as t
    on t.dag_run_id = a.dag_run_id and t.task_id = a.task_id and t.map_index = a.map_index
  where t.state in ${ACTIVE_STATES}
  group by a.pool`;
const TAKE = `
  insert into active_task (dag_run_id, team, dag_id, task_id, map_index, pool, slots)
  values (?, ?, ?, ?, ?, ?, ?)`;

/** Counts what enters and leaves with a pass; to be called last in its transaction. */
export function writeActiveTasks(
  connection: SqliteConnection,
  pass: PassWrite,
  run: { readonly team: string; readonly dag_id: string },
): void {
  const { entering, leaving } = activeChanges(pass);
  for (const { taskId, mapIndex } of [...leaving, ...entering]) {
    connection.statement(LET_GO).run(pass.runId, taskId, mapIndex);
  }
  if (entering.length === 0) return;
  if (pass.limits) {
    const used = connection.statement(COUNT).all(run.team, run.dag_id) as PoolUse[];
    const free = findShortage(pass.limits, entering, used);
    if (free) throw new AbandonedPass({ kind: "limit_reached", free });
  }
  for (const { taskId, mapIndex, pool, slots } of entering) {
    connection.statement(TAKE).run(pass.runId, run.team, run.dag_id, taskId, mapIndex, pool, slots);
  }
}
