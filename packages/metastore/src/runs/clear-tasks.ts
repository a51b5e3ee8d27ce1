// Sends task instances of a run, and the run with them, back to before they ran.

import type { AuditAct, ClearedTask, TaskInstanceId } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { endTries } from "./end-tries.ts";
import { UNTOUCHED_COLUMNS } from "./new-instance-row.ts";
import { leavesWithRun } from "../entries/entry-rows.ts";
import { changeByHand, NothingToChange, requeueRun, requireXComs, type ChangedRun } from "./requeue-run.ts";
import { reasonColumns } from "../rows/reason-columns.ts";

/** Clears; see the port. */
export async function clearTasks(
  dialect: Dialect,
  team: string,
  runId: number,
  tasks: readonly ClearedTask[],
  act?: AuditAct,
): Promise<readonly TaskInstanceId[]> {
  return await changeByHand(dialect, act, function* () {
    const run = yield* requeueRun(dialect, team, runId);
    const cleared = yield* clearInstances(dialect, run, tasks);
    if (cleared.length === 0) throw new NothingToChange();
    yield* requireXComs(dialect, runId);
    return cleared;
  });
}

/** Sends instances back to `none`, without their XComs, what they saved in job caches of the run, and what they asked. */
export function* clearInstances(
  dialect: Dialect,
  run: ChangedRun,
  tasks: readonly ClearedTask[],
): TransactionScript<TaskInstanceId[]> {
  const cleared: TaskInstanceId[] = [];
  for (const task of tasks) {
    // One by one: a mapped task may have more instances than a call takes arguments.
    for (const id of yield* clearTask(dialect, run, task)) cleared.push(id);
  }
  if (cleared.length > 0) yield* removeTraces(dialect, run.id);
  yield* endTries(dialect, run.id);
  return cleared;
}

function* clearTask(
  { kysely }: Dialect,
  { id: runId, revision }: ChangedRun,
  { taskId, states, mapIndex, retries, refreshReason }: ClearedTask,
): TransactionScript<TaskInstanceId[]> {
  const rows = yield* statement(
    kysely
      .updateTable("task_instance")
      .set({
        ...UNTOUCHED_COLUMNS,
        max_tries: sql<number>`try_number + ${sql.lit(retries + 1)}`,
        cache_status: refreshReason === null ? null : "skipped",
        ...reasonColumns(refreshReason),
        revision,
      })
      .where("dag_run_id", "=", runId)
      .where("task_id", "=", taskId)
      .$if(states !== undefined, (query) => query.where("state", "in", [...(states ?? [])]))
      .$if(mapIndex !== undefined, (query) => query.where("map_index", "=", mapIndex ?? 0))
      .returning("map_index"),
  );
  return rows.map((row) => ({ taskId, mapIndex: row.map_index }));
}

function* removeTraces({ kysely }: Dialect, runId: number): TransactionScript<void> {
  for (const table of ["xcom", "active_task", "cache_entry", "human_request", "staged_member"] as const) {
    yield* statement(
      kysely
        .deleteFrom(table)
        .where("dag_run_id", "=", runId)
        .$if(table === "cache_entry", (query) => query.where(leavesWithRun(runId)))
        .where((where) =>
          where(
            where.refTuple("task_id", "map_index"),
            "in",
            where
              .selectFrom("task_instance")
              .select(["task_id", "map_index"])
              .where("dag_run_id", "=", runId)
              .where("state", "=", "none")
              .$asTuple("task_id", "map_index"),
          ),
        ),
    );
  }
}
