// The tasks of a run that does not run all tasks of its Dag.

import { findNearest, MemodagError, type RunSelection, type SerializedDag } from "@memodag/core";
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

/** The task that a selection names. */
export function namedTask(selection: RunSelection): string {
  return "until" in selection ? selection.until : selection.only;
}

/** The numbers of the tasks that run: the named one and, with `until`, everything upstream of it. */
export function selectedTasks(graph: DagGraph, selection: RunSelection): ReadonlySet<number> {
  const named = graph.indexOf.get(namedTask(selection));
  if (named === undefined) throw new Error(`Dag "${graph.dag.dagId}" has no task "${namedTask(selection)}"`);
  const selected = new Set([named]);
  if ("only" in selection) return selected;
  // A set yields what is added while it is iterated over.
  for (const index of selected) for (const above of graph.nodes[index]?.upstream ?? []) selected.add(above);
  return selected;
}
