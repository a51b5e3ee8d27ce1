// A Dag as a graph to draw: nodes with labels, and edges.

import type { SerializedDag, SerializedTask } from "@memodag/core";

/** A task. */
export interface DrawnNode {
  readonly id: string;
  readonly label: string;
  /** False if its results are never cached. */
  readonly isCached: boolean;
}

/** One task waits for another; a branch says with which result. */
export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  readonly label: string | null;
}

/** A Dag to draw. Every edge is between two of the nodes. */
export interface DrawnGraph {
  readonly title: string;
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

/** The graph of a Dag, in its order. */
export function drawnGraph({ dagId, tasks, cache }: SerializedDag): DrawnGraph {
  const byId = new Map(tasks.map((task) => [task.taskId, task]));
  const edges = tasks.flatMap(({ taskId, upstream }) =>
    upstream.flatMap((from): DrawnEdge[] => {
      const task = byId.get(from);
      return task ? [{ from, to: taskId, label: choiceOf(task, taskId) }] : [];
    }),
  );
  return {
    title: dagId,
    nodes: tasks.map((task) => ({
      id: task.taskId,
      label: task.expand.length > 0 ? `${task.taskId}[]` : task.taskId,
      isCached: cache && task.cache !== null,
    })),
    edges,
  };
}

/** The results with which a branch selects a task. */
function choiceOf({ branch }: SerializedTask, taskId: string): string | null {
  if (branch === undefined || branch.by === "task") return null;
  const values = branch.cases.filter(({ taskIds }) => taskIds.includes(taskId)).map(({ json }) => json);
  const all = branch.otherwise.includes(taskId) ? [...values, "else"] : values;
  return all.length === 0 ? null : all.join(", ");
}
