// Cancels a run, whichever process executes it.

import type { TaskInstanceId } from "@memodag/core";
import { cancelRun as cancel } from "@memodag/scheduler";
import { newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { getRun, type RunName } from "./find-run.ts";

/** A cancelled run with its instances' final states. */
export interface CancelledRun {
  readonly dagId: string;
  readonly runId: string;
  readonly state: "failed";
  readonly failed: readonly TaskInstanceId[];
  readonly skipped: readonly TaskInstanceId[];
}

/**
 * Ends a run as failed.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `run_ended`.
 */
export async function cancelRun({ stores, actor }: OperationContext, name: RunName): Promise<CancelledRun> {
  const run = await getRun(stores, name);
  const version = await stores.dags.getDagVersion(run.dagVersionId).catch((error: unknown) => {
    // A run whose version is damaged can only be cancelled.
    if (error instanceof SyntaxError) return null;
    throw error;
  });
  const { team, dagId, runId } = run;
  const act = newAct(actor, "runs.cancel", team, { dagId, runId });
  const { failed, skipped } = await cancel(stores.runs, { run, version }, act);
  return { dagId, runId, state: "failed", failed, skipped };
}
