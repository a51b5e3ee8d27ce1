// A Dag's shape as the scheduler walks it: tasks by number, edges both ways. Never changes.

import type { SerializedBranch, SerializedDag, SerializedTask, TriggerRule } from "@memodag/core";

/** One task of a {@link DagGraph}. Numbers index `DagGraph.nodes`. */
export interface DagNode {
  readonly index: number;
  readonly task: SerializedTask;
  readonly triggerRule: TriggerRule;
  readonly upstream: readonly number[];
  readonly downstream: readonly number[];
  readonly isMapped: boolean;
  /** The tasks whose results it is mapped over. */
  readonly mappedOver: readonly number[];
  /** What its result chooses among other tasks. */
  readonly branch: NodeBranch | null;
  /** How many tasks' results may choose against it. */
  readonly branchCount: number;
}

/** A task's branch, by numbers. */
export interface NodeBranch {
  /** What each value chooses, by the value's canonical JSON. */
  readonly cases: ReadonlyMap<string, ReadonlySet<number>>;
  /** What is chosen when no case fits. */
  readonly otherwise: ReadonlySet<number>;
  /** Everything that may be chosen. */
  readonly targets: readonly number[];
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
  const numberOf = (taskId: string, namedBy: SerializedTask): number => {
    const index = indexOf.get(taskId);
    if (index !== undefined) return index;
    throw new Error(`Dag "${dag.dagId}": task "${namedBy.taskId}" names "${taskId}", which is not there`);
  };
  const downstream: number[][] = dag.tasks.map(() => []);
  const upstream = dag.tasks.map((task, index) =>
    task.upstream.map((taskId) => {
      const from = numberOf(taskId, task);
      downstream[from]?.push(index);
      return from;
    }),
  );
  const branches = dag.tasks.map((task) => task.branch && numberBranch(task, task.branch, numberOf));
  const branchCounts = dag.tasks.map(() => 0);
  for (const branch of branches)
    for (const target of branch?.targets ?? []) branchCounts[target] = (branchCounts[target] ?? 0) + 1;
  const nodes = dag.tasks.map((task, index) => ({
    index,
    task,
    triggerRule: task.triggerRule,
    upstream: upstream[index] ?? [],
    downstream: downstream[index] ?? [],
    isMapped: task.expand.length > 0,
    mappedOver: task.expand.flatMap(([, template]) =>
      template.kind === "result" ? [numberOf(template.taskId, task)] : [],
    ),
    branch: branches[index] ?? null,
    branchCount: branchCounts[index] ?? 0,
  }));
  return { dag, nodes, indexOf };
}

function numberBranch(
  task: SerializedTask,
  { cases, otherwise }: SerializedBranch,
  numberOf: (taskId: string, namedBy: SerializedTask) => number,
): NodeBranch {
  const numbersOf = (taskIds: readonly string[]): Set<number> =>
    new Set(taskIds.map((taskId) => numberOf(taskId, task)));
  const byValue = new Map(cases.map(({ json, taskIds }) => [json, numbersOf(taskIds)]));
  const rest = numbersOf(otherwise);
  const targets = new Set([...byValue.values(), rest].flatMap((chosen) => [...chosen]));
  return { cases: byValue, otherwise: rest, targets: [...targets] };
}
