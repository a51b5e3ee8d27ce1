// Decides which task instances of a run are to run again, and sends them back.

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
import { noSuchTask, retriesOf, tasksBelow, type RunOfVersion } from "./run-of-version.ts";

/** What a person asks for. */
export interface ClearWish {
  /** All instances of this task; without it, those of the run that failed. */
  readonly taskId?: string;
  /** Of that task this instance alone. */
  readonly mapIndex?: number;
  /** Everything below what is cleared, too. */
  readonly downstream: boolean;
  /** The cache is asked for what is cleared; otherwise it runs anew, and its results replace what is there. */
  readonly useCache: boolean;
}

/** Every state of a row but the one that clearing leaves. */
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
 * Sends instances of a run back to before they ran, and the run to `queued`, for whichever scheduler
 * claims it. A run under way goes on with everything else.
 * @param act whose wish it is, written down with what it does
 * @returns what was cleared; nothing when no task failed, and the run stays as it is
 * @throws MemodagError `task_not_found` for a task that the Dag does not have or that has not begun
 */
export async function clearRun(
  runs: RunStore,
  { run, version }: RunOfVersion,
  wish: ClearWish,
  act?: AuditAct,
): Promise<TaskInstanceId[]> {
  const instances = await runs.listTaskInstances(run.team, run.id);
  const graph = buildDagGraph(version.dag);
  if (wish.taskId !== undefined) requireBegun(graph, run, wish, instances);
  return await runs.clearTasks(run.team, run.id, planClear(graph, instances, wish), act);
}

/** What a wish comes to for a run of that graph that stands so. */
function planClear(
  graph: DagGraph,
  instances: readonly TaskInstance[],
  { taskId, mapIndex, downstream, useCache }: ClearWish,
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
  // Never ran, so there is nothing to refresh: what they are given now decides.
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
    // What is cleared already is in none of these states.
    cleared.push({ taskId: id, states: ROW_STATES, retries: retriesOf(graph, id), refreshReason: null });
  return cleared;
}

function inState(instances: readonly TaskInstance[], state: TaskInstanceState): string[] {
  return [...new Set(instances.flatMap((row) => (row.state === state ? [row.taskId] : [])))];
}

function requireBegun(
  graph: DagGraph,
  run: DagRun,
  { taskId = "", mapIndex }: ClearWish,
  instances: readonly TaskInstance[],
): void {
  if (!graph.indexOf.has(taskId)) throw noSuchTask(graph, run, taskId);
  const indexes = instances.flatMap((row) => (row.taskId === taskId ? [row.mapIndex] : []));
  if (mapIndex === undefined ? indexes.length > 0 : indexes.includes(mapIndex)) return;
  const { dagId, runId } = run;
  if (indexes.length > 0) {
    const mapped = indexes.filter((index) => index >= 0);
    const problem =
      mapped.length === 0
        ? "it is not mapped"
        : `they go from 0 to ${Math.max(mapped.at(-1) ?? 0, mapped[0] ?? 0)}`;
    throw new MemodagError(
      "task_not_found",
      `Task "${taskId}" of run "${runId}" has no instance ${mapIndex}: ${problem}`,
      { fields: { dagId, runId, taskId, mapIndex: mapIndex ?? null } },
    );
  }
  throw new MemodagError(
    "task_not_found",
    `Task "${taskId}" of run "${runId}" has not begun, so there is nothing to clear: it runs by itself`,
    { fields: { dagId, runId, taskId } },
  );
}
