// Resets task instances of a run so that they run again.

import {
  instanceKey,
  isTerminal,
  MemodagError,
  type DagRun,
  type DagRunState,
  type DagVersion,
  type StoredInstance,
  type TaskInstanceId,
} from "@memodag/core";
import { clearRun, planClearedInstances, type ClearRequest } from "@memodag/scheduler";
import { newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { patience, rideOut } from "../ride-out.ts";
import { getRun, type RunName } from "../runs/find-run.ts";
import { rest } from "../runs/run-end.ts";
import { reportTask, type TaskReport } from "../runs/run-report.ts";

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

/** Cleared instances that have finished. */
export interface FinishedTasks extends ClearedTasks {
  /** The instances that were cleared and still exist, in their final states. */
  readonly finished: readonly TaskReport[];
}

/**
 * Clears task instances, and resolves when a scheduler has finished them, or the signal is aborted: what else the
 * run does is not waited for.
 * @throws MemodagError as {@link clearTasks}
 */
export async function clearAndWait(
  context: OperationContext,
  input: ClearTasksInput,
  signal?: AbortSignal,
): Promise<FinishedTasks> {
  const outcome = await clearTasks(context, input);
  const { dagId, runId, cleared } = outcome;
  const run = await getRun(context.stores, { dagId, runId, team: input.team });
  const { instances, state } = await whenFinished(context, run, new Set(cleared.map(instanceKey)), signal);
  return { ...outcome, state, finished: instances.map(reportTask) };
}

/** The instances with these keys, and the state of their run, when nothing is left to do for them. */
async function whenFinished(
  context: OperationContext,
  { team, dagId, runId, id }: DagRun,
  keys: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<{ readonly instances: readonly StoredInstance[]; readonly state: DagRunState }> {
  const { runs } = context.stores;
  for (;;) {
    // The run first: what a run that is over has done is in the rows that are read after it.
    const run = await rideOut(() => runs.findRun(team, dagId, runId), patience(context));
    const all = await rideOut(() => runs.listTaskInstances(team, id), patience(context));
    const instances = all.filter((instance) => keys.has(instanceKey(instance)));
    const isOver = run === undefined || run.endedAt !== null || keys.size === 0;
    if (isOver || instances.every(({ state }) => isTerminal(state)) || !(await rest(signal))) {
      return { instances, state: run?.state ?? "failed" };
    }
  }
}

/**
 * Clears task instances; the run is queued again where there were any.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `task_not_found`, `usage`.
 */
export async function clearTasks(context: OperationContext, input: ClearTasksInput): Promise<ClearedTasks> {
  const { stores, actor } = context;
  const { run, version, request } = await readRequest(context, input);
  const { team, dagId, runId } = run;
  const act = newAct(actor, "tasks.clear", team, { dagId, runId, ...request });
  const cleared = await clearRun(stores.runs, { run, version }, request, act);
  return { dagId, runId, state: cleared.length > 0 ? "queued" : run.state, cleared };
}

/**
 * Says what {@link clearTasks} would clear now, and the state that the run has.
 * @throws MemodagError as {@link clearTasks}
 */
export async function planClearTasks(
  context: OperationContext,
  input: ClearTasksInput,
): Promise<ClearedTasks> {
  const { run, version, request } = await readRequest(context, input);
  const { dagId, runId, state } = run;
  const cleared = await planClearedInstances(context.stores.runs, { run, version }, request);
  return { dagId, runId, state, cleared };
}

async function readRequest(
  { stores }: OperationContext,
  { taskId, mapIndex, downstream = false, useCache = false, ...name }: ClearTasksInput,
): Promise<{ readonly run: DagRun; readonly version: DagVersion; readonly request: ClearRequest }> {
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
  return { run, version, request };
}
