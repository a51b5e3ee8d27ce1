// Resolves edges between tasks and groups to edges between tasks.

import type { DagState, GroupEdge, NodeDeclaration } from "../authoring/dag-state.ts";
import { groupsAround } from "../authoring/order-edges.ts";

/** The ids of the tasks that each task waits for. */
export type Upstreams = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Returns the tasks that each task waits for. An edge into a group leads to those of its tasks that
 * wait for no other task of the group. An edge out of a group starts at those that no other task of
 * the group waits for. An edge to an empty group has no effect.
 */
export function resolveEdges(dag: DagState): Upstreams {
  const upstreams = new Map(Array.from(dag.tasks.values(), (task) => [task.taskId, new Set(task.upstream)]));
  // The first and last tasks of a group depend on the edges within it, so innermost edges are
  // resolved first.
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

/** Number of groups that contain both ends of an edge. */
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
