// Makes a run, also where the database goes away while it is being made: never two.

import { MemodagError, type Clock, type DagRun, type RunStore } from "@memodag/core";
import { newManualRunId, triggerRun, type TriggerRequest } from "@memodag/scheduler";
import { rideOut, type RideOutOptions } from "./run-end.ts";

/**
 * Makes the run that is asked for. What became of an attempt whose answer was lost is looked up by the run's id.
 * @throws MemodagError as `triggerRun`
 */
export async function makeRunOnce(
  { runs, clock }: { readonly runs: RunStore; readonly clock: Clock },
  request: TriggerRequest,
  options: RideOutOptions,
): Promise<DagRun> {
  const { team, dagId } = request.version;
  const runId = request.runId ?? newManualRunId(clock, request.logicalDate);
  let isRepeated = false;
  return await rideOut(async () => {
    const find = async (): Promise<DagRun | undefined> =>
      isRepeated ? await runs.findRun(team, dagId, runId) : undefined;
    const made = await find();
    if (made) return made;
    try {
      return await triggerRun(runs, clock, { ...request, runId });
    } catch (error) {
      // Its commit may have come after it was looked up.
      const late =
        error instanceof MemodagError && error.code === "dag_run_exists" ? await find() : undefined;
      if (late) return late;
      throw error;
    } finally {
      isRepeated = true;
    }
  }, options);
}
