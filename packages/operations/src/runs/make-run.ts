// Creates a run exactly once, even if the database becomes unreachable meanwhile.

import { MemodagError, type Clock, type DagRun, type RunStore } from "@memodag/core";
import { newManualRunId, triggerRun, type TriggerRequest } from "@memodag/scheduler";
import { rideOut, type RideOutOptions } from "../ride-out.ts";

/**
 * Creates the requested run. If the answer to an attempt was lost, its outcome is looked up by the run's id.
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
      // The commit may have happened after the look-up.
      const late =
        error instanceof MemodagError && error.code === "dag_run_exists" ? await find() : undefined;
      if (late) return late;
      throw error;
    } finally {
      isRepeated = true;
    }
  }, options);
}
