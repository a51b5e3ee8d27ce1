// Counts what is queued or running against its limits, on PostgreSQL.

import type { PassWrite } from "@memodag/core";
import type { ClientBase } from "pg";
import { AbandonedPass } from "../abandoned-pass.ts";
import { ACTIVE_STATES, activeChanges } from "../limits/active-states.ts";
import { findShortage, type PoolUse } from "../limits/check-limits.ts";

/** Names the lock that dispatching passes take; any number that nothing else uses. */
const DISPATCH_LOCK = 7_236_839_016;

const LET_GO = `
  delete from active_task
  where dag_run_id = $1 and (task_id, map_index) in (select * from unnest($2::text[], $3::bigint[]))`;
// Under a lock, so that two schedulers cannot both take the last slot. It is the last thing that a pass
// asks for and is held until its commit; starting the worker takes many times as long.
const LOCK = `select pg_advisory_xact_lock(${DISPATCH_LOCK})`;
// The instance's row decides, so that manually changed instances no longer count. Not a join: of a table that
// comes and goes like this one the planner thinks too large, and would go through all instances there are.
const COUNT = `
  select a.pool, sum(a.slots) as slots, count(*) filter (where a.team = $1 and a.dag_id = $2) as of_dag
  from active_task as a
  where (select t.state from task_instance as t
    where t.dag_run_id = a.dag_run_id and t.task_id = a.task_id and t.map_index = a.map_index) in ${ACTIVE_STATES}
  group by a.pool`;
const TAKE = `
  insert into active_task (dag_run_id, team, dag_id, task_id, map_index, pool, slots)
  select $1, $2, $3, * from unnest($4::text[], $5::bigint[], $6::text[], $7::bigint[])`;

/** Counts what enters and leaves with a pass; to be called last in its transaction. */
export async function writeActiveTasks(
  client: ClientBase,
  pass: PassWrite,
  run: { readonly team: string; readonly dag_id: string },
): Promise<void> {
  const { entering, leaving } = activeChanges(pass);
  const touched = [...leaving, ...entering];
  if (touched.length === 0) return;
  await client.query({
    name: "pass_let_go",
    text: LET_GO,
    values: [pass.runId, touched.map((task) => task.taskId), touched.map((task) => task.mapIndex)],
  });
  if (entering.length === 0) return;
  if (pass.limits) {
    await client.query({ name: "pass_lock_dispatch", text: LOCK });
    const used = await client.query<PoolUse>({
      name: "pass_count_active",
      text: COUNT,
      values: [run.team, run.dag_id],
    });
    const free = findShortage(pass.limits, entering, used.rows);
    if (free) throw new AbandonedPass({ kind: "limit_reached", free });
  }
  await client.query({
    name: "pass_take",
    text: TAKE,
    values: [
      pass.runId,
      run.team,
      run.dag_id,
      entering.map((task) => task.taskId),
      entering.map((task) => task.mapIndex),
      entering.map((task) => task.pool),
      entering.map((task) => task.slots),
    ],
  });
}
