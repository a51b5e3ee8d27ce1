// A Dag's graph as the scheduler traverses it: tasks by number, edges in both directions. Immutable.

import type { SerializedBranch, SerializedDag, SerializedTask, TriggerRule } from "@memodag/core";

/** One task of a {@link DagGraph}. Numbers index `DagGraph.nodes`. */
export interface DagNode {
  readonly index: number;
  readonly task: SerializedTask;
  readonly triggerRule: TriggerRule;
  readonly upstream: readonly number[];
  readonly downstream: readonly number[];
  readonly isMapped: boolean;
  /** The tasks over whose results this task is mapped. */
  readonly mappedOver: readonly number[];
  /** How its result selects among other tasks; `null` if it does not. */
  readonly branch: NodeBranch | null;
  /** The number of branches that may exclude this task. */
  readonly branchCount: number;
}

/** A task's branch, with tasks by number. */
export interface NodeBranch {
  /** The tasks that each value selects, by the value's canonical JSON. */
  readonly cases: ReadonlyMap<string, ReadonlySet<number>>;
  /** The tasks that are selected when no case matches. */
  readonly otherwise: ReadonlySet<number>;
  /** All tasks that may be selected. */
  readonly targets: readonly number[];
}

/** A Dag's tasks in topological order. */
export interface DagGraph {
  readonly dag: SerializedDag;
  readonly nodes: readonly DagNode[];
  readonly indexOf: ReadonlyMap<string, number>;
}

/** Builds the graph of a serialized Dag, which the SDK has checked to be complete and acyclic. */
export function buildDagGraph(dag: SerializedDag): DagGraph {
  const indexOf = new Map(dag.tasks.map((task, index) => [task.taskId, index]));
  const numberOf = (taskId: string, namedBy: SerializedTask): number => {
    const index = indexOf.get(taskId);
    if (index !== undefined) return index;
    throw new Error(
      `Dag "${dag.dagId}": task "${namedBy.taskId}" refers to "${taskId}", which does not exist`,
    );
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
