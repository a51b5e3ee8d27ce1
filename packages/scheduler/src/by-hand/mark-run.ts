// Gives task instances of a run the state that a person wishes, and has decided anew what hangs on them.

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
import { noSuchTask, retriesOf, tasksBelow, type RunOfVersion } from "./run-of-version.ts";

/** What a person asks for. */
export interface MarkWish {
  readonly taskId: string;
  /** One instance of a mapped task; without it all of them, or the task as a whole where it has none yet. */
  readonly mapIndex?: number;
  readonly state: MarkedState;
  /** Everything below is given the state too. */
  readonly downstream: boolean;
}

const SET_BY_HAND = { code: "state_set", message: "its state was set to failed by hand" };

/**
 * Sets states, as in Airflow: an attempt that runs is ended, and what failed or was held up below is
 * decided anew. The run goes to `queued`, for whichever scheduler claims it, and on with everything else.
 * A state that was set has no value: tasks below are given `null`, and the cache is not given anything.
 * @param act whose wish it is, written down with what it does
 * @returns what was changed; nothing when all of it was in that state, and the run stays as it is
 * @throws MemodagError `task_not_found` for a task or an instance that there is not
 */
export async function markRun(
  runs: RunStore,
  { run, version }: RunOfVersion,
  { taskId, mapIndex, state, downstream }: MarkWish,
  act?: AuditAct,
): Promise<TaskInstanceId[]> {
  const graph = buildDagGraph(version.dag);
  const node = graph.nodes[graph.indexOf.get(taskId) ?? -1];
  if (!node) throw noSuchTask(graph, run, taskId);
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
    ? "it is not mapped: name the task without an index"
    : indexes.length === 0
      ? "its list is not known yet: name the task without an index to set all of it"
      : `its indexes go from 0 to ${indexes.reduce((most, index) => Math.max(most, index), 0)}`;
  throw new MemodagError("task_not_found", `Task "${taskId}" has no instance ${mapIndex}: ${problem}`, {
    fields: { dagId, runId, taskId, mapIndex },
  });
}
