// From edges between tasks and groups to edges between tasks alone.

import type { DagState, GroupEdge, NodeDeclaration } from "../authoring/dag-state.ts";
import { groupsAround } from "../authoring/order-edges.ts";

/** The ids of the tasks that a task waits for, by its id. */
export type Upstreams = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What each task waits for. An edge into a group leads to those of its tasks that wait for no other of
 * it, and one out of a group comes from those that no other of it waits for. A group without a task
 * joins nothing.
 */
export function resolveEdges(dag: DagState): Upstreams {
  const upstreams = new Map(Array.from(dag.tasks.values(), (task) => [task.taskId, new Set(task.upstream)]));
  // Where a group begins and ends depends on the edges within it, so those of the innermost come first.
  const innermostFirst = dag.groupEdges
    .map((edge) => ({ edge, depth: depthOf(edge) }))
    .toSorted((a, b) => b.depth - a.depth);
  for (const { edge } of innermostFirst) {
    const ends = lastOf(edge.upstream, upstreams);
    for (const taskId of firstOf(edge.downstream, upstreams))
      for (const end of ends) upstreams.get(taskId)?.add(end);
  }
  return upstreams;
}

/** How many groups hold both ends of an edge. */
function depthOf({ upstream, downstream }: GroupEdge): number {
  const around = new Set(groupsAround(upstream));
  return groupsAround(downstream).filter((group) => around.has(group)).length;
}

function firstOf(node: NodeDeclaration, upstreams: Upstreams): string[] {
  if ("taskId" in node) return [node.taskId];
  const waitsWithin = (taskId: string): boolean =>
    [...(upstreams.get(taskId) ?? [])].some((upstream) => node.taskIds.has(upstream));
  return [...node.taskIds].filter((taskId) => !waitsWithin(taskId));
}

function lastOf(node: NodeDeclaration, upstreams: Upstreams): string[] {
  if ("taskId" in node) return [node.taskId];
  const waitedFor = new Set([...node.taskIds].flatMap((taskId) => [...(upstreams.get(taskId) ?? [])]));
  return [...node.taskIds].filter((taskId) => !waitedFor.has(taskId));
}
