// Cancels runs whose execution in this process was told to stop.

import { MemodagError, messageOf, type DagRun } from "@memodag/core";
import { cancelRun } from "@memodag/scheduler";
import { newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import type { HostedScheduler } from "./run-host.ts";

/**
 * Cancels runs, and those of other Dags that the scheduler executes for them.
 * @returns those of `runs` that had not already ended
 * @throws MemodagError `run_interrupted` when they cannot be cancelled because the database is unreachable
 */
export async function cancelStoppedRuns(
  context: OperationContext,
  runs: readonly DagRun[],
  scheduler: Pick<HostedScheduler, "heldRuns" | "wake">,
): Promise<DagRun[]> {
  const { dagId } = runs[0] ?? { dagId: "" };
  const names = runs.map(({ runId }) => runId).join(", ");
  const ids = new Set(runs.map(({ id }) => id));
  const cancelled: DagRun[] = [];
  try {
    for (const run of runs) if (await cancel(context, run)) cancelled.push(run);
    for (const run of scheduler.heldRuns) if (!ids.has(run.id)) await cancel(context, run);
  } catch (error) {
    throw new MemodagError(
      "run_interrupted",
      `${names} of ${dagId} could not be cancelled (${messageOf(error)}) and was interrupted: ` +
        `\`memodag dags run ${dagId} --resume\` or a scheduler continues it`,
      { cause: error, fields: { dagId } },
    );
  }
  scheduler.wake();
  return cancelled;
}

async function cancel({ stores, actor }: OperationContext, run: DagRun): Promise<boolean> {
  const { dagId, runId, team } = run;
  const version = await stores.dags.getDagVersion(run.dagVersionId);
  const act = newAct(actor, "runs.cancel", team, { dagId, runId });
  try {
    await cancelRun(stores.runs, { run, version }, act);
    return true;
  } catch (error) {
    if (error instanceof MemodagError && error.code === "run_ended") return false;
    throw error;
  }
}

/** The error of runs that were cancelled. */
export function runCancelled(runs: readonly DagRun[], cause: string): MemodagError {
  const { dagId } = runs[0] ?? { dagId: "" };
  const runIds = runs.map(({ runId }) => runId);
  return new MemodagError(
    "run_interrupted",
    `Cancelled ${runIds.join(", ")} of ${dagId} on ${cause}: \`memodag dags run ${dagId}\` creates a ` +
      "new run, which uses the cached results of the tasks that had succeeded",
    { fields: { dagId, runIds } },
  );
}
