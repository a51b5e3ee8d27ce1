// Waits for the end of a run, whichever process executes it.

import { setTimeout as sleep } from "node:timers/promises";
import type { DagRun } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { patience, rideOut } from "../ride-out.ts";

/** Polling interval for the run, in milliseconds. */
const LOOK_EVERY_MS = 300;

/** Resolves with the run when it has ended, or with its current state once the signal is aborted. */
export async function whenEnded(
  context: OperationContext,
  run: DagRun,
  signal?: AbortSignal,
): Promise<DagRun> {
  const { runs } = context.stores;
  let latest = run;
  while (latest.endedAt === null && (await rest(signal))) {
    const found = await rideOut(() => runs.findRun(run.team, run.dagId, run.runId), patience(context));
    if (found === undefined) throw new Error(`run ${run.runId} of ${run.dagId} is gone`);
    latest = found;
  }
  return latest;
}

/** True after the pause between two looks at a run, false when the signal ended it. */
export async function rest(signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await sleep(LOOK_EVERY_MS, undefined, { ...(signal && { signal }) });
    return true;
  } catch (error) {
    if (signal?.aborted) return false;
    throw error;
  }
}
