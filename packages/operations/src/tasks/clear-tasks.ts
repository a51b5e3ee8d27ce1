// Resets task instances of a run so that they run again.

import { MemodagError, type DagRunState, type TaskInstanceId } from "@memodag/core";
import { clearRun } from "@memodag/scheduler";
import { newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { getRun, type RunName } from "../runs/find-run.ts";

/** The instances to clear. */
export interface ClearTasksInput extends RunName {
  /** All instances of this task; without it, the failed instances. */
  readonly taskId?: string | undefined;
  /** One instance of a mapped task. */
  readonly mapIndex?: number | undefined;
  /** Clears everything downstream as well; those instances ask the cache as usual. */
  readonly downstream?: boolean | undefined;
  /** Looks up cleared instances in the cache; otherwise they run again and replace its contents. */
  readonly useCache?: boolean | undefined;
}

/** The instances that were cleared, and the state of the run. */
export interface ClearedTasks {
  readonly dagId: string;
  readonly runId: string;
  readonly state: DagRunState;
  readonly cleared: readonly TaskInstanceId[];
}

/**
 * Clears task instances; the run is queued again where there were any.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `task_not_found`, `usage`.
 */
export async function clearTasks(
  { stores, actor }: OperationContext,
  { taskId, mapIndex, downstream = false, useCache = false, ...name }: ClearTasksInput,
): Promise<ClearedTasks> {
  if (mapIndex !== undefined && taskId === undefined)
    throw new MemodagError("usage", "--map-index selects an instance of a task: add the task id");
  const run = await getRun(stores, name);
  const version = await stores.dags.getDagVersion(run.dagVersionId);
  const request = {
    ...(taskId !== undefined && { taskId }),
    ...(mapIndex !== undefined && { mapIndex }),
    downstream,
    useCache,
  };
  const { team, dagId, runId } = run;
  const act = newAct(actor, "tasks.clear", team, { dagId, runId, ...request });
  const cleared = await clearRun(stores.runs, { run, version }, request, act);
  return { dagId, runId, state: cleared.length > 0 ? "queued" : run.state, cleared };
}
