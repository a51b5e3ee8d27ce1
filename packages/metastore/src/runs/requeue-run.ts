// Sends a run back to be claimed, because instances of it were changed manually.

import { MemodagError, type AuditAct } from "@memodag/core";
import { sql } from "kysely";
import { writeAct } from "../audit/write-act.ts";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { NO_SUMS, removeTaskSums } from "./run-sums.ts";

/** Thrown inside a transaction in which there turned out to be nothing to change, so that nothing of it stays. */
export class NothingToChange extends Error {}

/** Runs a script that changes instances, and writes the act down; none, and nothing else, when there are none. */
export async function changeByHand<T>(
  dialect: Dialect,
  act: AuditAct | undefined,
  script: () => TransactionScript<readonly T[]>,
): Promise<readonly T[]> {
  try {
    return await dialect.transaction(function* () {
      const changed = yield* script();
      yield* writeAct(dialect, act, changed.length);
      return changed;
    });
  } catch (error) {
    if (error instanceof NothingToChange) return [];
    throw error;
  }
}

/** A run that a transaction changes manually, and the revision of it that the transaction makes. */
export interface ChangedRun {
  readonly id: number;
  readonly revision: number;
}

/** Sends the run back to `queued`. First in its transaction, as in that of a pass, so that the two take turns. */
export function* requeueRun(dialect: Dialect, team: string, runId: number): TransactionScript<ChangedRun> {
  const { kysely } = dialect;
  // The holder keeps the run: its attempts at other tasks go on, or it is just ending those of a run
  // that was cancelled. A run that its holder brought to its end has none.
  const [changed] = yield* statement(
    kysely
      .updateTable("dag_run")
      .set({
        state: "queued",
        hand_count: sql<number>`hand_count + 1`,
        revision: sql<number>`revision + 1`,
        ...NO_SUMS,
        started_at: null,
        ended_at: null,
      })
      .where("team", "=", team)
      .where("id", "=", runId)
      .returning(["id", "revision"]),
  );
  if (!changed) throw new NothingToChange();
  yield* removeTaskSums(dialect, runId);
  // A part of it that is not drained yet would be drained of values that it makes from now on.
  yield* statement(
    kysely.deleteFrom("removed_run").where("dag_run_id", "=", runId).where("what", "!=", "run"),
  );
  return changed;
}

/**
 * Refuses a change after which tasks would run without the XComs that retention has removed, and would take them for
 * `null`. When all tasks run again, nothing is missing.
 * @throws MemodagError `xcoms_removed`
 */
export function* requireXComs({ kysely }: Dialect, runId: number): TransactionScript<void> {
  const [run] = yield* statement(
    kysely
      .selectFrom("dag_run")
      .select(["dag_id", "run_id"])
      .where("id", "=", runId)
      .where("xcoms_removed_at", "is not", null),
  );
  if (!run) return;
  const [kept] = yield* statement(
    kysely
      .selectFrom("task_instance")
      .select("task_id")
      .where("dag_run_id", "=", runId)
      .where("state", "!=", "none")
      .limit(1),
  );
  if (!kept) {
    yield* statement(kysely.updateTable("dag_run").set({ xcoms_removed_at: null }).where("id", "=", runId));
    return;
  }
  throw new MemodagError(
    "xcoms_removed",
    `The XComs of run "${run.run_id}" were removed ([retention] xcoms), so its tasks have no inputs any more: make a ` +
      `new run with \`memodag dags run ${run.dag_id}\`; what has not changed comes from the cache`,
    { fields: { dagId: run.dag_id, runId: run.run_id } },
  );
}
