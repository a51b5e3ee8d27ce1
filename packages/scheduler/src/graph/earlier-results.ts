// The results that a task takes, and what a run of that task alone needs of an earlier run.

import { resultsIn, type EarlierResults, type RequiredResult, type SerializedTask } from "@memodag/core";
import type { DagGraph, DagNode } from "./dag-graph.ts";

/** A task whose result another one takes; `isList`: the other one is mapped over it. */
export type TakenResult = Pick<RequiredResult, "taskId" | "isList">;

/** The tasks whose results a task takes, each once. */
export function resultsTakenBy({ args, expand }: SerializedTask): TakenResult[] {
  const lists = new Set(expand.flatMap(([, template]) => resultsIn(template)));
  const others = args.flatMap(([, template]) => resultsIn(template));
  return [...new Set([...lists, ...others])].map((taskId) => ({ taskId, isList: lists.has(taskId) }));
}

/** The results of an earlier run for a run of one task. */
export function earlierResultsFor(graph: DagGraph, node: DagNode): EarlierResults {
  const isMapped = (taskId: string): boolean =>
    graph.nodes[graph.indexOf.get(taskId) ?? -1]?.isMapped ?? false;
  const above = new Set(node.upstream);
  // A set yields what is added while it is iterated over.
  for (const index of above) for (const next of graph.nodes[index]?.upstream ?? []) above.add(next);
  return {
    required: resultsTakenBy(node.task).map((taken) => ({ ...taken, isMapped: isMapped(taken.taskId) })),
    upstream: graph.nodes.flatMap(({ index, task }) => (above.has(index) ? [task.taskId] : [])),
  };
}
