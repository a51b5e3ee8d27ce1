// Sends a run back to be claimed, because instances of it were changed manually.

import type { AuditAct } from "@memodag/core";
import { sql } from "kysely";
import { writeAct } from "../audit/write-act.ts";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

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

/** Sends the run back to `queued`. First in its transaction, as in that of a pass, so that the two take turns. */
export function* requeueRun({ kysely }: Dialect, team: string, runId: number): TransactionScript<void> {
  // The holder keeps the run: its attempts at other tasks go on, or it is just ending those of a run
  // that was cancelled. A run that its holder brought to its end has none.
  const found = yield* statement(
    kysely
      .updateTable("dag_run")
      .set({
        state: "queued",
        hand_count: sql<number>`hand_count + 1`,
        started_at: null,
        ended_at: null,
      })
      .where("team", "=", team)
      .where("id", "=", runId)
      .returning("id"),
  );
  if (found.length === 0) throw new NothingToChange();
}
