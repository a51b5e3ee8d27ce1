// Cancels the runs of a command that was told to stop.

import { MemodagError, messageOf, type DagRun } from "@memodag/core";
import { cancelRun } from "@memodag/scheduler";
import { printNote } from "../output/print.ts";
import { newAct } from "./audited.ts";
import type { Metadata } from "./metadata.ts";
import type { OpenScheduler } from "./open-scheduler.ts";
import type { StopCause } from "./stop-signal.ts";

interface StoppedRuns {
  /** What the command was asked to run. */
  readonly runs: readonly DagRun[];
  readonly cause: StopCause;
  readonly scheduler: Pick<OpenScheduler, "heldRuns" | "wake">;
}

/**
 * Ends the command's runs as cancelled, and those of other Dags that it executes for them. Says so first.
 * @returns those of `runs` that had not ended before
 * @throws MemodagError `run_interrupted` when they cannot be cancelled, the database being away
 */
export async function cancelStoppedRuns(
  metadata: Metadata,
  { runs, cause, scheduler }: StoppedRuns,
): Promise<DagRun[]> {
  const { dagId } = runs[0] ?? { dagId: "" };
  const names = runs.map(({ runId }) => runId).join(", ");
  const again = cause === "SIGINT" ? "Press Ctrl-C again" : "Send it again";
  const hint = cause === "disconnect" ? "" : ` ${again} to end at once.`;
  printNote(`Got ${causeText(cause)}: cancelling ${names} of ${dagId}.${hint}`);
  const ids = new Set(runs.map(({ id }) => id));
  const cancelled: DagRun[] = [];
  try {
    for (const run of runs) if (await cancel(metadata, run)) cancelled.push(run);
    for (const run of scheduler.heldRuns) if (!ids.has(run.id)) await cancel(metadata, run);
  } catch (error) {
    throw new MemodagError(
      "run_interrupted",
      `${names} of ${dagId} could not be cancelled (${messageOf(error)}) and is interrupted: ` +
        `\`memodag dags run ${dagId} --resume\` or a scheduler continues it`,
      { cause: error, fields: { dagId } },
    );
  }
  scheduler.wake();
  return cancelled;
}

async function cancel({ runs, dags }: Metadata, run: DagRun): Promise<boolean> {
  const { dagId, runId, team } = run;
  const version = await dags.getDagVersion(run.dagVersionId);
  try {
    await cancelRun(runs, { run, version }, newAct("runs.cancel", team, { dagId, runId }));
    return true;
  } catch (error) {
    if (error instanceof MemodagError && error.code === "run_ended") return false;
    throw error;
  }
}

/** The error of a command whose runs were cancelled. */
export function runCancelled(runs: readonly DagRun[], cause: StopCause): MemodagError {
  const { dagId } = runs[0] ?? { dagId: "" };
  const runIds = runs.map(({ runId }) => runId);
  return new MemodagError(
    "run_interrupted",
    `Cancelled ${runIds.join(", ")} of ${dagId} on ${causeText(cause)}: \`memodag dags run ${dagId}\` makes a ` +
      "new run, which takes the cached results of what had succeeded",
    { fields: { dagId, runIds } },
  );
}

function causeText(cause: StopCause): string {
  return cause === "disconnect" ? "the end of its parent process" : cause;
}
