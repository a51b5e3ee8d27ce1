// Ends a run manually, with every open instance of it.

import {
  chunksOf,
  type AuditAct,
  type CancelledInstances,
  type RunCancellation,
  type TaskInstanceId,
  type TaskInstanceState,
} from "@memodag/core";
import { writeAct } from "../audit/write-act.ts";
import type { Dialect } from "../dialect.ts";
import type { TaskInstanceTable } from "../tables/run-tables.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { endTries } from "./end-tries.ts";
import { newInstanceRow } from "./new-instance-row.ts";
import { writeSums } from "./run-sums.ts";
import type { ChangedRun } from "./requeue-run.ts";

/** States of instances that fail: they are under way. */
const RUNNING: readonly TaskInstanceState[] = ["running", "up_for_reschedule"];

/** States of instances that are skipped: they wait. */
const PENDING: readonly TaskInstanceState[] = ["none", "scheduled", "queued", "up_for_retry"];

/** Rows of one insert: within what a statement takes of values on every database. */
const ROWS_AT_ONCE = 500;

/** Cancels; see the port. */
export async function cancelRun(
  dialect: Dialect,
  team: string,
  runId: number,
  cancellation: RunCancellation,
  act?: AuditAct,
): Promise<CancelledInstances | undefined> {
  return await dialect.transaction(function* () {
    const cancelled = yield* cancelScript(dialect, team, runId, cancellation);
    if (cancelled) yield* writeAct(dialect, act, cancelled.failed.length + cancelled.skipped.length);
    return cancelled;
  });
}

function* cancelScript(
  dialect: Dialect,
  team: string,
  runId: number,
  { taskIds, error }: RunCancellation,
): TransactionScript<CancelledInstances | undefined> {
  const { kysely, now } = dialect;
  // The run first, as a pass does, so that the two take turns. Its holder keeps the lease, and hears of it.
  const [cancelled] = yield* statement(
    kysely
      .updateTable("dag_run")
      .set((run) => ({
        state: "failed",
        ended_at: now,
        started_at: run.fn.coalesce("started_at", now),
        hand_count: run("hand_count", "+", 1),
        revision: run("revision", "+", 1),
      }))
      .where("team", "=", team)
      .where("id", "=", runId)
      .where("state", "in", ["queued", "running"])
      .returning(["id", "revision"]),
  );
  if (!cancelled) return undefined;
  const { revision } = cancelled;
  const failed = yield* endInstances(dialect, runId, RUNNING, {
    revision,
    state: "failed",
    error_code: error.code,
    error_message: error.message,
  });
  const skipped = yield* endInstances(dialect, runId, PENDING, { revision, state: "skipped" });
  for (const id of yield* skipUnbegun(dialect, cancelled, taskIds)) skipped.push(id);
  yield* statement(kysely.deleteFrom("active_task").where("dag_run_id", "=", runId));
  yield* writeSums(dialect, runId);
  yield* endTries(dialect, runId);
  return { failed, skipped };
}

function* endInstances(
  { kysely, now }: Dialect,
  runId: number,
  states: readonly TaskInstanceState[],
  ended: Partial<TaskInstanceTable>,
): TransactionScript<TaskInstanceId[]> {
  const rows = yield* statement(
    kysely
      .updateTable("task_instance")
      .set({ ...ended, ended_at: now, attempt_id: null, retry_at: null, waiting_since: null })
      .where("dag_run_id", "=", runId)
      .where("state", "in", [...states])
      .returning(["task_id", "map_index"]),
  );
  return rows.map(({ task_id, map_index }) => ({ taskId: task_id, mapIndex: map_index }));
}

function* skipUnbegun(
  { kysely, now }: Dialect,
  { id: runId, revision }: ChangedRun,
  taskIds: readonly string[],
): TransactionScript<TaskInstanceId[]> {
  const begun = yield* statement(
    kysely.selectFrom("task_instance").select("task_id").distinct().where("dag_run_id", "=", runId),
  );
  const known = new Set(begun.map(({ task_id }) => task_id));
  const rows = taskIds
    .filter((taskId) => !known.has(taskId))
    .map((taskId) => ({ ...newInstanceRow(runId, taskId), revision, state: "skipped", ended_at: now }));
  for (const some of chunksOf(rows, ROWS_AT_ONCE))
    yield* statement(kysely.insertInto("task_instance").values(some));
  return rows.map(({ task_id, map_index }) => ({ taskId: task_id, mapIndex: map_index }));
}
