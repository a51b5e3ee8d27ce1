// A Dag's shape as the scheduler walks it: tasks by number, edges both ways. Never changes.

import type { SerializedDag, SerializedTask, TriggerRule } from "@memodag/core";

/** One task of a {@link DagGraph}. Numbers index `DagGraph.nodes`. */
export interface DagNode {
  readonly index: number;
  readonly task: SerializedTask;
  readonly triggerRule: TriggerRule;
  readonly upstream: readonly number[];
  readonly downstream: readonly number[];
  readonly isMapped: boolean;
}

/** A Dag's tasks in topological order. */
export interface DagGraph {
  readonly dag: SerializedDag;
  readonly nodes: readonly DagNode[];
  readonly indexOf: ReadonlyMap<string, number>;
}

/** Builds the graph of a serialized Dag, which the SDK has proven to be whole and without a cycle. */
export function buildDagGraph(dag: SerializedDag): DagGraph {
  const indexOf = new Map(dag.tasks.map((task, index) => [task.taskId, index]));
  const downstream: number[][] = dag.tasks.map(() => []);
  const upstream = dag.tasks.map((task, index) =>
    task.upstream.map((taskId) => {
      const from = indexOf.get(taskId);
      if (from === undefined) {
        throw new Error(
          `Dag "${dag.dagId}": task "${task.taskId}" waits for "${taskId}", which is not there`,
        );
      }
      downstream[from]?.push(index);
      return from;
    }),
  );
  const nodes = dag.tasks.map((task, index) => ({
    index,
    task,
    triggerRule: task.triggerRule,
    upstream: upstream[index] ?? [],
    downstream: downstream[index] ?? [],
    isMapped: task.expand.length > 0,
  }));
  return { dag, nodes, indexOf };
}
