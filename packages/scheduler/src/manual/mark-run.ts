// Sets task instances of a run to a state that a user chose, and lets what depends on them be decided again.

import {
  MemodagError,
  type AuditAct,
  type ClearedTask,
  type DagRun,
  type MarkedState,
  type MarkedTask,
  type RunStore,
  type TaskInstance,
  type TaskInstanceId,
} from "@memodag/core";
import { buildDagGraph, type DagNode } from "../graph/dag-graph.ts";
import {
  isSelected,
  noSuchTask,
  notPartOfRun,
  retriesOf,
  tasksBelow,
  type RunOfVersion,
} from "./run-of-version.ts";

/** A request to mark task instances. */
export interface MarkRequest {
  readonly taskId: string;
  /**
   * One instance of a mapped task; without it, all instances, or the task as a whole if it is not expanded
   * yet.
   */
  readonly mapIndex?: number;
  readonly state: MarkedState;
  /** Sets the state of everything downstream as well. */
  readonly downstream: boolean;
}

const SET_BY_HAND = { code: "state_set", message: "its state was set to failed manually" };

/**
 * Sets states, as in Airflow: running attempts are ended, and downstream instances that failed or were
 * skipped as a consequence are decided again. The run is set to `queued`, for any scheduler to claim, and the
 * rest of it continues. A state that was set has no value: downstream tasks receive `null`, and nothing is
 * stored in the cache.
 * @param act recorded in the audit log in the same transaction
 * @returns what was changed; nothing when every instance was already in that state, in which case the run is
 * unchanged
 * @throws MemodagError `task_not_found` for an unknown task or instance
 */
export async function markRun(
  runs: RunStore,
  { run, version }: RunOfVersion,
  { taskId, mapIndex, state, downstream }: MarkRequest,
  act?: AuditAct,
): Promise<TaskInstanceId[]> {
  const graph = buildDagGraph(version.dag);
  const node = graph.nodes[graph.indexOf.get(taskId) ?? -1];
  if (!node) throw noSuchTask(graph, run, taskId);
  // It would lose the values that the task of the run takes.
  if (run.selection && "only" in run.selection && !isSelected(graph, run, taskId))
    throw notPartOfRun(run, taskId);
  if (mapIndex !== undefined) {
    const instances = await runs.listTaskInstances(run.team, run.id);
    requireInstance(run, node, mapIndex, instances);
  }
  const below = tasksBelow(graph, [taskId]);
  const tasks: MarkedTask[] = [{ taskId, ...(mapIndex !== undefined && { mapIndex }) }];
  const cleared: ClearedTask[] = [];
  for (const id of below) {
    if (downstream) tasks.push({ taskId: id });
    else {
      const states = ["failed", "upstream_failed"] as const;
      cleared.push({ taskId: id, states, retries: retriesOf(graph, id), refreshReason: null });
    }
  }
  const error = state === "failed" ? SET_BY_HAND : null;
  return await runs.markTasks(run.team, run.id, { tasks, state, error, cleared }, act);
}

function requireInstance(
  { dagId, runId }: DagRun,
  { task: { taskId }, isMapped }: DagNode,
  mapIndex: number,
  instances: readonly TaskInstance[],
): void {
  const indexes = instances.flatMap((row) =>
    row.taskId === taskId && row.mapIndex >= 0 ? [row.mapIndex] : [],
  );
  if (indexes.includes(mapIndex)) return;
  const problem = !isMapped
    ? "it is not mapped: omit the index"
    : indexes.length === 0
      ? "it is not expanded yet: omit the index to set the whole task"
      : `its indexes are 0 to ${indexes.reduce((most, index) => Math.max(most, index), 0)}`;
  throw new MemodagError("task_not_found", `Task "${taskId}" has no instance ${mapIndex}: ${problem}`, {
    fields: { dagId, runId, taskId, mapIndex },
  });
}
