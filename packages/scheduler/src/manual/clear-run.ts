// Decides which task instances of a run have to run again, and resets them.

import {
  MemodagError,
  type AuditAct,
  type ClearedTask,
  type DagRun,
  type RunStore,
  type TaskInstance,
  type TaskInstanceId,
  type TaskInstanceState,
} from "@memodag/core";
import { buildDagGraph, type DagGraph } from "../graph/dag-graph.ts";
import { TransactionUnits } from "../graph/transaction-units.ts";
import {
  isSelected,
  noSuchTask,
  notPartOfRun,
  retriesOf,
  tasksBelow,
  type RunOfVersion,
} from "./run-of-version.ts";

/** A request to clear task instances. */
export interface ClearRequest {
  /** Clears all instances of this task; without it, the failed instances of the run. */
  readonly taskId?: string;
  /** Clears only this instance of the task. */
  readonly mapIndex?: number;
  /** Clears everything downstream as well. */
  readonly downstream: boolean;
  /**
   * Looks up cleared instances in the cache; otherwise they run again and their results replace the cached
   * ones.
   */
  readonly useCache: boolean;
}

/** Every row state except the one that clearing sets. */
const ROW_STATES: readonly TaskInstanceState[] = [
  "scheduled",
  "queued",
  "running",
  "success",
  "failed",
  "up_for_retry",
  "up_for_reschedule",
  "upstream_failed",
  "skipped",
  "removed",
];

/**
 * Resets instances of a run and sets the run to `queued`, for any scheduler to claim. The rest of a run that
 * is in progress continues.
 * @param act recorded in the audit log in the same transaction
 * @returns what was cleared; nothing when no task failed, in which case the run is unchanged
 * @throws MemodagError `task_not_found` for a task that the Dag or the run does not have, or that has not started
 */
export async function clearRun(
  runs: RunStore,
  { run, version }: RunOfVersion,
  request: ClearRequest,
  act?: AuditAct,
): Promise<TaskInstanceId[]> {
  const { cleared } = await readPlan(runs, { run, version }, request);
  return await runs.clearTasks(run.team, run.id, cleared, act);
}

/**
 * Returns the instances that {@link clearRun} would reset now.
 * @throws MemodagError as {@link clearRun}
 */
export async function planClearedInstances(
  runs: RunStore,
  ofRun: RunOfVersion,
  request: ClearRequest,
): Promise<TaskInstanceId[]> {
  const { instances, cleared } = await readPlan(runs, ofRun, request);
  return instances
    .filter((row) =>
      cleared.some(
        ({ taskId, mapIndex, states }) =>
          row.taskId === taskId &&
          (mapIndex === undefined || row.mapIndex === mapIndex) &&
          (states === undefined || states.includes(row.state)),
      ),
    )
    .map(({ taskId, mapIndex }) => ({ taskId, mapIndex }));
}

async function readPlan(
  runs: RunStore,
  { run, version }: RunOfVersion,
  request: ClearRequest,
): Promise<{ readonly instances: readonly TaskInstance[]; readonly cleared: readonly ClearedTask[] }> {
  const instances = await runs.listTaskInstances(run.team, run.id);
  const graph = buildDagGraph(version.dag);
  if (request.taskId !== undefined) requireBegun(graph, run, request, instances);
  const planned = withRolledBack(graph, instances, planClear(graph, instances, request));
  // Of a task that is not selected, a run may have values of another run, which it could not make again.
  return { instances, cleared: planned.filter(({ taskId }) => isSelected(graph, run, taskId)) };
}

/** Returns the changes that a request makes to a run in its current state. */
function planClear(
  graph: DagGraph,
  instances: readonly TaskInstance[],
  { taskId, mapIndex, downstream, useCache }: ClearRequest,
): ClearedTask[] {
  const refreshReason = useCache ? null : ({ code: "cleared" } as const);
  const failed = inState(instances, "failed");
  const named = taskId === undefined ? failed : [taskId];
  const cleared: ClearedTask[] = named.map((id) => ({
    taskId: id,
    ...(taskId === undefined && { states: ["failed"] }),
    ...(mapIndex !== undefined && { mapIndex }),
    retries: retriesOf(graph, id),
    refreshReason,
  }));
  // These never ran, so there is nothing to refresh: their new inputs decide.
  const held = taskId === undefined ? inState(instances, "upstream_failed") : [];
  for (const id of held)
    cleared.push({
      taskId: id,
      states: ["upstream_failed"],
      retries: retriesOf(graph, id),
      refreshReason: null,
    });
  if (!downstream) return cleared;
  for (const id of tasksBelow(graph, named))
    // Instances that are already cleared are in none of these states.
    cleared.push({ taskId: id, states: ROW_STATES, retries: retriesOf(graph, id), refreshReason: null });
  return cleared;
}

/**
 * Adds the members of transactions that were rolled back, where one of them is cleared: what they did is undone, so that
 * the others cannot rely on it.
 */
function withRolledBack(
  graph: DagGraph,
  instances: readonly TaskInstance[],
  planned: readonly ClearedTask[],
): ClearedTask[] {
  const units = new TransactionUnits(graph.dag, graph);
  const unitOf = (taskId: string) => {
    const node = graph.nodes[graph.indexOf.get(taskId) ?? -1];
    return node && units.of(node);
  };
  const cleared = new Set(planned.map(({ taskId }) => unitOf(taskId)));
  const undone = instances.filter(
    ({ taskId, cacheStatus }) => cacheStatus === "rolled_back" && cleared.has(unitOf(taskId)),
  );
  const others = [...Map.groupBy(undone, ({ taskId }) => taskId)].flatMap(([taskId, rows]): ClearedTask[] => {
    const rest = {
      taskId,
      states: ["success"] as const,
      retries: retriesOf(graph, taskId),
      refreshReason: null,
    };
    const succeeded = instances.filter((row) => row.taskId === taskId && row.state === "success");
    if (succeeded.length === rows.length) return [rest];
    return rows.map(({ mapIndex }) => ({ ...rest, mapIndex }));
  });
  // Those that were asked for are no longer in the state.
  return [...planned, ...others];
}

function inState(instances: readonly TaskInstance[], state: TaskInstanceState): string[] {
  return [...new Set(instances.flatMap((row) => (row.state === state ? [row.taskId] : [])))];
}

function requireBegun(
  graph: DagGraph,
  run: DagRun,
  { taskId = "", mapIndex }: ClearRequest,
  instances: readonly TaskInstance[],
): void {
  if (!graph.indexOf.has(taskId)) throw noSuchTask(graph, run, taskId);
  if (!isSelected(graph, run, taskId)) throw notPartOfRun(run, taskId);
  const indexes = instances.flatMap((row) => (row.taskId === taskId ? [row.mapIndex] : []));
  if (mapIndex === undefined ? indexes.length > 0 : indexes.includes(mapIndex)) return;
  const { dagId, runId } = run;
  if (indexes.length > 0) {
    const mapped = indexes.filter((index) => index >= 0);
    const problem =
      mapped.length === 0
        ? "it is not mapped"
        : `its indexes are 0 to ${Math.max(mapped.at(-1) ?? 0, mapped[0] ?? 0)}`;
    throw new MemodagError(
      "task_not_found",
      `Task "${taskId}" of run "${runId}" has no instance ${mapIndex}: ${problem}`,
      { fields: { dagId, runId, taskId, mapIndex: mapIndex ?? null } },
    );
  }
  throw new MemodagError(
    "task_not_found",
    `Task "${taskId}" of run "${runId}" has not started, so there is nothing to clear: it will run anyway`,
    { fields: { dagId, runId, taskId } },
  );
}
