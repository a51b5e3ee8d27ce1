// Gives task instances of a run a state that a user chose.

import type { DagRunState, MarkedState, TaskInstanceId } from "@memodag/core";
import { markRun } from "@memodag/scheduler";
import { newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { getRun, type RunName } from "../runs/find-run.ts";

/** The instances, and their new state. */
export interface MarkTasksInput extends RunName {
  readonly taskId: string;
  /** One instance of a mapped task; without it, all of them. */
  readonly mapIndex?: number | undefined;
  readonly state: MarkedState;
  /** Sets everything downstream as well. */
  readonly downstream?: boolean | undefined;
}

/** The instances that changed, and the state of the run. */
export interface MarkedTasks {
  readonly dagId: string;
  readonly runId: string;
  readonly state: DagRunState;
  readonly changed: readonly TaskInstanceId[];
}

/**
 * Sets the state of task instances; the run is queued again where one changed.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `task_not_found`.
 */
export async function markTasks(
  { stores, actor }: OperationContext,
  { taskId, mapIndex, state, downstream = false, ...name }: MarkTasksInput,
): Promise<MarkedTasks> {
  const run = await getRun(stores, name);
  const version = await stores.dags.getDagVersion(run.dagVersionId);
  const request = { taskId, ...(mapIndex !== undefined && { mapIndex }), state, downstream };
  const { team, dagId, runId } = run;
  const act = newAct(actor, "tasks.set-state", team, { dagId, runId, ...request });
  const changed = await markRun(stores.runs, { run, version }, request, act);
  return { dagId, runId, state: changed.length > 0 ? "queued" : run.state, changed };
}
