// Cancels a run at a user's request.

import {
  MemodagError,
  type AuditAct,
  type CancelledInstances,
  type RunStore,
  type StoredError,
} from "@memodag/core";
import type { RunOfVersion } from "./run-of-version.ts";

/** The error of attempts whose run was cancelled. */
export const CANCELLED: StoredError = { code: "run_cancelled", message: "its run was cancelled" };

/**
 * Ends a run as `failed`, even if another scheduler holds it, like Airflow's "mark failed": running instances
 * fail, and those that have not started are skipped. The scheduler that holds the run ends its attempts as
 * soon as it notices.
 * @param version `null` if it cannot be read: what has started is ended anyway
 * @param act recorded in the audit log in the same transaction
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
    `Run "${runId}" of Dag "${dagId}" has already ended (${ended?.state ?? "it no longer exists"}); there is nothing to cancel`,
    { fields: { dagId, runId, state: ended?.state ?? null } },
  );
}
