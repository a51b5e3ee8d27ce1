// Ends a run because a person wishes so.

import {
  MemodagError,
  type AuditAct,
  type CancelledInstances,
  type RunStore,
  type StoredError,
} from "@memodag/core";
import type { RunOfVersion } from "./run-of-version.ts";

/** What ends the attempts of a run that was cancelled. */
export const CANCELLED: StoredError = { code: "run_cancelled", message: "its run was cancelled" };

/**
 * Ends a run as `failed`, whoever holds it, as Airflow's "mark failed" does: instances that run fail, those
 * that were still to run are skipped. The holder ends their attempts as soon as it hears of it.
 * @param version `null` where it cannot be read: what has begun is ended all the same
 * @param act whose wish it is, written down with what it does
 * @throws MemodagError `run_ended`
 */
export async function cancelRun(
  runs: RunStore,
  { run, version }: Pick<RunOfVersion, "run"> & { readonly version: RunOfVersion["version"] | null },
  act?: AuditAct,
): Promise<CancelledInstances> {
  const taskIds = version?.dag.tasks.map((task) => task.taskId) ?? [];
  const cancelled = await runs.cancelRun(run.team, run.id, { taskIds, error: CANCELLED }, act);
  if (cancelled) return cancelled;
  const { dagId, runId } = run;
  const ended = await runs.findRun(run.team, dagId, runId);
  throw new MemodagError(
    "run_ended",
    `Run "${runId}" of Dag "${dagId}" has ended already: ${ended?.state ?? "it is gone"}; there is nothing to cancel`,
    { fields: { dagId, runId, state: ended?.state ?? null } },
  );
}
