// The tasks of a run that does not run all tasks of its Dag.

import {
  findNearest,
  MemodagError,
  type RunSelection,
  type SerializedDag,
  type StoredError,
} from "@memodag/core";
import type { DagGraph } from "./dag-graph.ts";

/** @throws MemodagError `task_not_found` for a task that the Dag does not have */
export function requireTask({ dagId, tasks }: SerializedDag, taskId: string): void {
  const taskIds = tasks.map((task) => task.taskId);
  if (taskIds.includes(taskId)) return;
  const nearest = findNearest(taskId, taskIds);
  const hint =
    nearest === undefined ? `\`memodag dags show ${dagId}\` lists its tasks` : `did you mean "${nearest}"?`;
  throw new MemodagError("task_not_found", `Dag "${dagId}" has no task "${taskId}": ${hint}`, {
    fields: { dagId, taskId },
  });
}

/** The numbers of the tasks that run: the named one, and everything upstream of it. */
export function selectedTasks(graph: DagGraph, { until }: RunSelection): ReadonlySet<number> {
  const last = graph.indexOf.get(until);
  if (last === undefined) throw new Error(`Dag "${graph.dag.dagId}" has no task "${until}"`);
  const selected = new Set([last]);
  // A set yields what is added while it is iterated over.
  for (const index of selected) for (const above of graph.nodes[index]?.upstream ?? []) selected.add(above);
  return selected;
}

/** The error of instances of the other tasks. */
export function notSelected({ until }: RunSelection): StoredError {
  return {
    code: "not_selected",
    message: `the run ends with task "${until}" (--until), which does not depend on this task`,
  };
}
