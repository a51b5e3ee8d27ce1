// Adds edges that carry no value, between tasks and groups.

import { dagInvalid, type FaultPlace } from "./dag-fault.ts";
import type { DagState, GroupDeclaration, NodeDeclaration } from "./dag-state.ts";
import { nodeIn } from "./find-node.ts";
import type { GraphNodes } from "./graph-node.ts";

/** Adds edges from the other nodes to `node`. */
export function drawAfter(dag: DagState, node: NodeDeclaration, others: readonly GraphNodes[]): void {
  for (const other of others.flat()) drawEdge(dag, nodeIn(dag, placeOf(dag, node), other), node);
}

/** Adds edges from `node` to the other nodes. */
export function drawBefore(dag: DagState, node: NodeDeclaration, others: readonly GraphNodes[]): void {
  for (const other of others.flat()) drawEdge(dag, node, nodeIn(dag, placeOf(dag, node), other));
}

/**
 * Adds one edge. If an end is a group, the tasks to connect are known only after the whole file has
 * been read.
 */
export function drawEdge(dag: DagState, upstream: NodeDeclaration, downstream: NodeDeclaration): void {
  if ("taskId" in upstream && "taskId" in downstream) {
    downstream.upstream.add(upstream.taskId);
    return;
  }
  refuseInside(dag, upstream, downstream);
  refuseInside(dag, downstream, upstream);
  dag.groupEdges.push({ upstream, downstream });
}

/** Returns the groups that contain a node, innermost first. */
export function groupsAround(node: NodeDeclaration): GroupDeclaration[] {
  const groups: GroupDeclaration[] = [];
  for (let group = node.group; group; group = group.group) groups.push(group);
  return groups;
}

function refuseInside(dag: DagState, inner: NodeDeclaration, outer: NodeDeclaration): void {
  if (inner === outer) {
    throw dagInvalid(placeOf(dag, inner), {
      problem: "it has an edge to itself",
      fix: "remove the edge, or draw it between two of its tasks",
    });
  }
  if ("taskId" in outer || !groupsAround(inner).includes(outer)) return;
  throw dagInvalid(placeOf(dag, inner), {
    problem: `there is an edge between it and task group "${outer.groupId}", which contains it`,
    fix: "draw edges between the tasks of the group",
  });
}

/** Returns the place of a node, for error messages. */
export function placeOf({ dagId }: DagState, node: NodeDeclaration): FaultPlace {
  return "taskId" in node ? { dagId, taskId: node.taskId } : { dagId, groupId: node.groupId };
}
