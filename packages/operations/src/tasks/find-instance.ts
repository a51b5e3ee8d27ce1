// Finds the task instances that a user names.

import { MemodagError, type DagRun, type RunStore, type StoredInstance } from "@memodag/core";

/**
 * All instances of a task in a run, in order of mapIndex, or the one with `mapIndex`.
 * @throws MemodagError `task_not_found`.
 */
export async function listInstancesOf(
  runs: RunStore,
  run: DagRun,
  taskId: string,
  mapIndex: number | undefined,
): Promise<StoredInstance[]> {
  const all = await runs.listTaskInstances(run.team, run.id);
  const ofTask = all
    .filter((instance) => instance.taskId === taskId)
    .toSorted((a, b) => a.mapIndex - b.mapIndex);
  const found = mapIndex === undefined ? ofTask : ofTask.filter((instance) => instance.mapIndex === mapIndex);
  if (found.length > 0) return found;
  throw ofTask.length > 0 ? instanceNotFound(taskId, ofTask) : taskNotFound(run, taskId, all);
}

/**
 * The only instance of a task, or the one with `mapIndex`.
 * @throws MemodagError `task_not_found`; `usage` when there are several.
 */
export async function getInstance(
  runs: RunStore,
  run: DagRun,
  taskId: string,
  mapIndex: number | undefined,
): Promise<StoredInstance> {
  const [instance, ...others] = await listInstancesOf(runs, run, taskId, mapIndex);
  if (instance === undefined || others.length > 0) {
    throw new MemodagError(
      "usage",
      `Task "${taskId}" is mapped: choose an instance with --map-index, from 0 to ${others.at(-1)?.mapIndex}`,
    );
  }
  return instance;
}

function instanceNotFound(taskId: string, ofTask: readonly StoredInstance[]): MemodagError {
  const indexes = ofTask.map((instance) => instance.mapIndex).filter((index) => index >= 0);
  const hint =
    indexes.length === 0 ? "it is not mapped: remove --map-index" : `its indexes are 0 to ${indexes.at(-1)}`;
  return new MemodagError(
    "task_not_found",
    `Task "${taskId}" has no instance with that --map-index: ${hint}`,
    {
      fields: { taskId },
    },
  );
}

function taskNotFound(run: DagRun, taskId: string, all: readonly StoredInstance[]): MemodagError {
  const taskIds = [...new Set(all.map((instance) => instance.taskId))];
  const hint =
    taskIds.length === 0
      ? "none of its tasks has started"
      : `those that have started are ${taskIds.join(", ")}`;
  return new MemodagError("task_not_found", `Run "${run.runId}" has no task "${taskId}": ${hint}`, {
    fields: { runId: run.runId, taskId },
  });
}
