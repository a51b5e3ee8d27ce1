// A run that a user changes, with the graph of its Dag version.

import { MemodagError, type DagRun, type DagVersion } from "@memodag/core";
import type { DagGraph } from "../graph/dag-graph.ts";
import { namedTask, selectedTasks } from "../graph/selected-tasks.ts";

/** A run and the version of its Dag. */
export interface RunOfVersion {
  readonly run: DagRun;
  readonly version: DagVersion;
}

/** All tasks downstream of these, directly or not, in the Dag's order. */
export function tasksBelow(graph: DagGraph, taskIds: readonly string[]): string[] {
  const found = new Set<number>();
  const visit = (index: number | undefined): void => {
    for (const next of graph.nodes[index ?? -1]?.downstream ?? []) found.add(next);
  };
  for (const taskId of taskIds) visit(graph.indexOf.get(taskId));
  for (const index of found) visit(index);
  return graph.nodes.flatMap(({ index, task }) => (found.has(index) ? [task.taskId] : []));
}

/** The number of retries of a task. */
export function retriesOf(graph: DagGraph, taskId: string): number {
  return graph.nodes[graph.indexOf.get(taskId) ?? -1]?.task.retries ?? 0;
}

/** The error for a task that the Dag does not have. */
export function noSuchTask(graph: DagGraph, { dagId, runId }: DagRun, taskId: string): MemodagError {
  return new MemodagError(
    "task_not_found",
    `Dag "${dagId}" has no task "${taskId}": its tasks are ${[...graph.indexOf.keys()].join(", ")}`,
    { fields: { dagId, runId, taskId } },
  );
}

/** True for a task that the run includes. */
export function isSelected(graph: DagGraph, { selection }: DagRun, taskId: string): boolean {
  if (!selection) return true;
  const index = graph.indexOf.get(taskId);
  return index !== undefined && selectedTasks(graph, selection).has(index);
}

/** The error for a task that the run does not include, and whose values may be those of another run. */
export function notPartOfRun({ dagId, runId, selection }: DagRun, taskId: string): MemodagError {
  const part = !selection ? "" : ` (${"until" in selection ? "--until" : "--only"} ${namedTask(selection)})`;
  return new MemodagError(
    "task_not_found",
    `Task "${taskId}" is not part of run "${runId}"${part}, and cannot run in it: run it with ` +
      `\`memodag dags run ${dagId}\``,
    { fields: { dagId, runId, taskId } },
  );
}
