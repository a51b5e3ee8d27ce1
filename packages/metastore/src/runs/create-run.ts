// Writes a new run, unless its id or its date is taken.

import { MemodagError, type NewDagRun } from "@memodag/core";
import type { Dialect } from "../dialect.ts";
import { isStorableText } from "../storable-text.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import type { DagRunRow } from "../rows/dag-run-row.ts";

/** The outcome: the new run, or the id of the existing one. */
export type InsertOutcome =
  | { readonly kind: "made"; readonly row: DagRunRow }
  | { readonly kind: "taken"; readonly runId: string };

const LONGEST_RUN_ID = 250;

/**
 * Refuses an id that would be another one when it is read again.
 * @throws MemodagError `conf_invalid`
 */
export function checkRunId({ dagId, runId }: Pick<NewDagRun, "dagId" | "runId">): void {
  if (runId !== "" && runId.length <= LONGEST_RUN_ID && isStorableText(runId)) return;
  throw new MemodagError(
    "conf_invalid",
    `${JSON.stringify(runId.slice(0, LONGEST_RUN_ID))} cannot be the id of a run of Dag "${dagId}": ` +
      `write 1 to ${LONGEST_RUN_ID} characters of well-formed Unicode, without U+0000`,
    { fields: { dagId } },
  );
}

/** Writes a run in state `queued`. A logical date has one run of a Dag, of whatever kind. */
export function* insertRun(dialect: Dialect, run: NewDagRun): TransactionScript<InsertOutcome> {
  const { kysely, now } = dialect;
  if (run.logicalDate !== null) {
    const taken = yield* findDatedRun(dialect, run, run.logicalDate);
    if (taken !== undefined) return { kind: "taken", runId: taken };
  }
  const [row] = yield* statement(
    kysely
      .insertInto("dag_run")
      .values({
        team: run.team,
        dag_id: run.dagId,
        run_id: run.runId,
        run_type: run.runType,
        dag_version_id: run.dagVersionId,
        state: "queued",
        logical_date: run.logicalDate,
        data_interval_start: run.dataIntervalStart,
        data_interval_end: run.dataIntervalEnd,
        conf: JSON.stringify(run.conf),
        params: JSON.stringify(run.params),
        cache_mode: run.cacheMode,
        made_by: run.madeBy ?? null,
        max_active_runs: run.maxActiveRuns ?? null,
        ...(run.selection !== undefined && { selection: JSON.stringify(run.selection) }),
        ...(run.cacheLimits !== undefined && { cache_limits: JSON.stringify(run.cacheLimits) }),
        created_at: now,
      })
      .onConflict((conflict) => conflict.columns(["team", "dag_id", "run_id"]).doNothing())
      .returningAll(),
  );
  return row ? { kind: "made", row } : { kind: "taken", runId: run.runId };
}

function* findDatedRun(
  { kysely }: Dialect,
  { team, dagId }: NewDagRun,
  logicalDate: number,
): TransactionScript<string | undefined> {
  // The creator of a dated run locks the Dag's row meanwhile: two would not see each other's run.
  yield* statement(
    kysely
      .updateTable("dag")
      .set((dag) => ({ version_id: dag.ref("version_id") }))
      .where("team", "=", team)
      .where("dag_id", "=", dagId),
  );
  const [taken] = yield* statement(
    kysely
      .selectFrom("dag_run")
      .select("run_id")
      .where("team", "=", team)
      .where("dag_id", "=", dagId)
      .where("logical_date", "=", logicalDate)
      .limit(1),
  );
  return taken?.run_id;
}
