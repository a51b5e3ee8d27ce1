// Waits for the end of a run, whoever brings it there.

import { setTimeout as sleep } from "node:timers/promises";
import type { DagRun, RunStore } from "@memodag/core";

/** How often the run is looked at, in milliseconds. */
const LOOK_EVERY_MS = 300;

/** Resolves with the run when it has ended, or as it stands once the signal says that nobody waits. */
export async function whenEnded(runs: RunStore, run: DagRun, signal?: AbortSignal): Promise<DagRun> {
  let latest = run;
  while (latest.endedAt === null && (await rest(signal))) {
    const found = await runs.findRun(run.team, run.dagId, run.runId);
    if (found === undefined) throw new Error(`run ${run.runId} of ${run.dagId} is gone`);
    latest = found;
  }
  return latest;
}

/** True after a rest, false when the signal ended it. */
async function rest(signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await sleep(LOOK_EVERY_MS, undefined, { ...(signal && { signal }) });
    return true;
  } catch (error) {
    if (signal?.aborted) return false;
    throw error;
  }
}
