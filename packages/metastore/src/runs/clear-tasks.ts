// Sends task instances of a run, and the run with them, back to before they ran.

import type { AuditAct, ClearedTask, TaskInstanceId } from "@memodag/core";
import { sql } from "kysely";
import { writeAct } from "../audit/write-act.ts";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { storableText } from "./storable-text.ts";

/** Thrown inside the transaction, so that nothing of it stays. */
class NothingToClear extends Error {}

/** Clears; see the port. */
export async function clearTasks(
  dialect: Dialect,
  team: string,
  runId: number,
  tasks: readonly ClearedTask[],
  act?: AuditAct,
): Promise<TaskInstanceId[]> {
  try {
    return await dialect.transaction(function* () {
      const cleared = yield* clearScript(dialect, team, runId, tasks);
      yield* writeAct(dialect, act, cleared.length);
      return cleared;
    });
  } catch (error) {
    if (error instanceof NothingToClear) return [];
    throw error;
  }
}

function* clearScript(
  dialect: Dialect,
  team: string,
  runId: number,
  tasks: readonly ClearedTask[],
): TransactionScript<TaskInstanceId[]> {
  // The run first, as a pass does, so that the two take turns.
  yield* requeue(dialect, team, runId);
  const cleared: TaskInstanceId[] = [];
  for (const task of tasks) cleared.push(...(yield* clearTask(dialect, runId, task)));
  if (cleared.length === 0) throw new NothingToClear();
  yield* removeTraces(dialect, runId);
  return cleared;
}

function* requeue({ kysely }: Dialect, team: string, runId: number): TransactionScript<void> {
  // A finished run keeps its last holder. One under way keeps the holder that it has, whose attempts at
  // other tasks go on.
  const keptUnderWay = (column: "lease_owner" | "lease_expires_at") =>
    sql<never>`case when state in ('queued', 'running') then ${sql.ref(column)} end`;
  const found = yield* statement(
    kysely
      .updateTable("dag_run")
      .set({
        state: "queued",
        started_at: null,
        ended_at: null,
        lease_owner: keptUnderWay("lease_owner"),
        lease_expires_at: keptUnderWay("lease_expires_at"),
      })
      .where("team", "=", team)
      .where("id", "=", runId)
      .returning("id"),
  );
  if (found.length === 0) throw new NothingToClear();
}

function* clearTask(
  { kysely }: Dialect,
  runId: number,
  { taskId, states, retries, refreshReason }: ClearedTask,
): TransactionScript<TaskInstanceId[]> {
  const rows = yield* statement(
    kysely
      .updateTable("task_instance")
      .set({
        state: "none",
        max_tries: sql<number>`try_number + ${sql.lit(retries + 1)}`,
        attempt_id: null,
        cache_status: refreshReason === null ? null : "skipped",
        cache_reason: refreshReason === null ? null : storableText(refreshReason),
        cache_key: null,
        producer_run_id: null,
        producer_map_index: null,
        producer_try_number: null,
        started_at: null,
        ended_at: null,
        duration_ms: null,
        saved_ms: null,
        retry_at: null,
        waiting_since: null,
        error_code: null,
        error_message: null,
      })
      .where("dag_run_id", "=", runId)
      .where("task_id", "=", taskId)
      .$if(states !== undefined, (query) => query.where("state", "in", [...(states ?? [])]))
      .returning("map_index"),
  );
  return rows.map((row) => ({ taskId, mapIndex: row.map_index }));
}

function* removeTraces({ kysely }: Dialect, runId: number): TransactionScript<void> {
  for (const table of ["xcom", "active_task"] as const) {
    yield* statement(
      kysely
        .deleteFrom(table)
        .where("dag_run_id", "=", runId)
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
