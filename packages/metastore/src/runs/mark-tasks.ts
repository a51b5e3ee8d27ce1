// Gives task instances the state that a person sets, and has decided anew what hangs on it.

import type { AuditAct, MarkedTask, TaskInstanceId, TaskMarks } from "@memodag/core";
import type { ExpressionBuilder } from "kysely";
import type { Dialect } from "../dialect.ts";
import { leavesWithRun } from "../entries/entry-rows.ts";
import type { Schema } from "../tables/schema.ts";
import type { TaskInstanceTable } from "../tables/run-tables.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { clearInstances } from "./clear-tasks.ts";
import { newInstanceRow } from "./new-instance-row.ts";
import { changeByHand, NothingToChange, requeueRun, requireXComs, type ChangedRun } from "./requeue-run.ts";

/** Marks; see the port. */
export async function markTasks(
  dialect: Dialect,
  team: string,
  runId: number,
  marks: TaskMarks,
  act?: AuditAct,
): Promise<readonly TaskInstanceId[]> {
  return await changeByHand(dialect, act, function* () {
    const run = yield* requeueRun(dialect, team, runId);
    const marked: TaskInstanceId[] = [];
    for (const task of marks.tasks) {
      // One by one: a mapped task may have more instances than a call takes arguments.
      for (const id of yield* markTask(dialect, run, task, marks)) marked.push(id);
    }
    if (marked.length === 0) throw new NothingToChange();
    yield* clearInstances(dialect, run, marks.cleared);
    yield* requireXComs(dialect, runId);
    return marked;
  });
}

function* markTask(
  dialect: Dialect,
  run: ChangedRun,
  task: MarkedTask,
  { state, error }: TaskMarks,
): TransactionScript<TaskInstanceId[]> {
  const { kysely } = dialect;
  const { taskId, mapIndex } = task;
  const { id: runId, revision } = run;
  yield* removeTraces(dialect, runId, task, state);
  const ended: Partial<TaskInstanceTable> = {
    state,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
    revision,
  };
  const rows = yield* statement(
    kysely
      .updateTable("task_instance")
      .set({
        ...ended,
        ended_at: dialect.now,
        attempt_id: null,
        cache_status: null,
        cache_reason: null,
        cache_reason_code: null,
        cache_reason_detail: null,
        cache_key: null,
        producer_run_id: null,
        producer_map_index: null,
        producer_try_number: null,
        duration_ms: null,
        saved_ms: null,
        retry_at: null,
        waiting_since: null,
      })
      .where("dag_run_id", "=", runId)
      .where("task_id", "=", taskId)
      .where("state", "!=", state)
      .$if(mapIndex !== undefined, (query) => query.where("map_index", "=", mapIndex ?? 0))
      .returning("map_index"),
  );
  if (rows.length > 0 || mapIndex !== undefined)
    return rows.map(({ map_index }) => ({ taskId, mapIndex: map_index }));
  return yield* insertMarked(dialect, runId, taskId, ended);
}

/** A task that has not begun is marked as a whole; one that is in that state already stays as it is. */
function* insertMarked(
  { kysely, now }: Dialect,
  runId: number,
  taskId: string,
  ended: Partial<TaskInstanceTable>,
): TransactionScript<TaskInstanceId[]> {
  const [existing] = yield* statement(
    kysely
      .selectFrom("task_instance")
      .select("map_index")
      .where("dag_run_id", "=", runId)
      .where("task_id", "=", taskId)
      .limit(1),
  );
  if (existing) return [];
  const row = newInstanceRow(runId, taskId);
  yield* statement(kysely.insertInto("task_instance").values({ ...row, ...ended, ended_at: now }));
  return [{ taskId, mapIndex: row.map_index }];
}

/** A result does not belong to a state that was set manually, and the instance takes no slot any more. */
function* removeTraces(
  { kysely }: Dialect,
  runId: number,
  { taskId, mapIndex }: MarkedTask,
  state: string,
): TransactionScript<void> {
  for (const table of ["xcom", "active_task", "cache_entry", "staged_member"] as const) {
    yield* statement(
      kysely
        .deleteFrom(table)
        .where("dag_run_id", "=", runId)
        .where("task_id", "=", taskId)
        .$if(table === "cache_entry", (query) => query.where(leavesWithRun(runId)))
        .where("map_index", "in", (query: ExpressionBuilder<Schema, typeof table>) =>
          query
            .selectFrom("task_instance")
            .select("map_index")
            .where("dag_run_id", "=", runId)
            .where("task_id", "=", taskId)
            .where("state", "!=", state)
            .$if(mapIndex !== undefined, (instances) => instances.where("map_index", "=", mapIndex ?? 0)),
        ),
    );
  }
}
