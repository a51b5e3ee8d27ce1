// Moves a Dag on along its schedule, with the run of the date that has come.

import type { PlanOutcome, SchedulePlan } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { insertRun } from "../runs/create-run.ts";
import { toDagRun } from "../rows/dag-run-row.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** The script of a plan; see the port. */
export function* writePlan(dialect: Dialect, plan: SchedulePlan): TransactionScript<PlanOutcome> {
  const { leaves, run } = plan;
  if (!(yield* tryToLock(dialect, plan))) return { kind: "overtaken" };
  if (run !== null && (yield* countUnfinished(dialect, plan)) >= plan.maxActiveRuns) return { kind: "held" };
  const inserted = run && (yield* insertRun(dialect, run));
  yield* statement(
    dialect.kysely
      .updateTable("dag")
      .set({ planned_version_id: leaves.versionId, next_date: plan.nextDate, last_date: plan.lastDate })
      .where("team", "=", leaves.team)
      .where("dag_id", "=", leaves.dagId),
  );
  return { kind: "planned", run: inserted?.kind === "made" ? toDagRun(inserted.row) : null };
}

/** Takes the Dag's row if it is still as the plan found it; on PostgreSQL, others wait and then look. */
function* tryToLock({ kysely }: Dialect, { leaves }: SchedulePlan): TransactionScript<boolean> {
  const locked = yield* statement(
    kysely
      .updateTable("dag")
      .set({ planned_version_id: leaves.plannedVersionId })
      .where("team", "=", leaves.team)
      .where("dag_id", "=", leaves.dagId)
      .where("is_active", "=", 1)
      .where("is_paused", "=", 0)
      .where("version_id", "=", leaves.versionId)
      .where("planned_version_id", "is not distinct from", leaves.plannedVersionId)
      .where("next_date", "is not distinct from", leaves.nextDate)
      .returning("version_id"),
  );
  return locked.length > 0;
}

function* countUnfinished({ kysely }: Dialect, { leaves }: SchedulePlan): TransactionScript<number> {
  const [counted] = yield* statement(
    kysely
      .selectFrom("dag_run")
      .select((select) => select.fn.countAll<number>().as("runs"))
      // Spelled out, so that the index on unfinished runs is used.
      .where(sql<boolean>`state in ('queued', 'running')`)
      .where("team", "=", leaves.team)
      .where("dag_id", "=", leaves.dagId)
      .where("run_type", "!=", "backfill"),
  );
  return counted?.runs ?? 0;
}
