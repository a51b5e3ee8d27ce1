// A group of tasks: its id stands before theirs, and it can be at either end of an edge.

import type { DagState, GroupDeclaration } from "./dag-state.ts";
import { attachNode } from "./find-node.ts";
import type { GraphNode, GraphNodes } from "./graph-node.ts";
import { newNodeId } from "./node-id.ts";
import { drawAfter, drawBefore } from "./order-edges.ts";
import { TaskScope } from "./task-scope.ts";

/**
 * Tasks that belong together:
 *
 * ```ts
 * const extract = dag.taskGroup("extract");
 * const north = extract.task("north", readNorth)(); // the task extract.north
 * extract.before(report);
 * ```
 *
 * What comes before a group comes before those of its tasks that wait for no other of it; what comes
 * after, after those that no other of it waits for.
 */
export class TaskGroup extends TaskScope implements GraphNode {
  /** The group's id, with those of the groups that it is in. */
  readonly groupId: string;
  readonly #dag: DagState;
  readonly #node: GroupDeclaration;

  /** Made by `taskGroup` of a Dag or of another group. */
  constructor(dag: DagState, around: GroupDeclaration | null, id: unknown) {
    const groupId = newNodeId(dag, around, "task group", id);
    const node: GroupDeclaration = { groupId, group: around, taskIds: new Set() };
    super(dag, node);
    this.groupId = groupId;
    this.#dag = dag;
    this.#node = node;
    dag.groups.set(groupId, node);
    attachNode(this, { dag, node });
  }

  /** Declares a group within this one. */
  taskGroup(groupId: string): TaskGroup {
    return new TaskGroup(this.#dag, this.#node, groupId);
  }

  /** The group waits for those, without taking their results. */
  after(...nodes: readonly GraphNodes[]): this {
    drawAfter(this.#dag, this.#node, nodes);
    return this;
  }

  /** Those wait for the group, without taking its results. */
  before(...nodes: readonly GraphNodes[]): this {
    drawBefore(this.#dag, this.#node, nodes);
    return this;
  }
}
