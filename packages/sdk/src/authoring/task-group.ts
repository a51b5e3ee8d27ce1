// A group of tasks. Its id prefixes theirs, and it can be either end of an edge.

import type { DagState, GroupDeclaration } from "./dag-state.ts";
import { attachNode } from "./find-node.ts";
import type { GraphNode, GraphNodes } from "./graph-node.ts";
import { newNodeId } from "./node-id.ts";
import { drawAfter, drawBefore } from "./order-edges.ts";
import { TaskScope } from "./task-scope.ts";

/**
 * A group of related tasks. An edge into the group leads to those of its tasks that wait for no
 * other task of the group. An edge out of the group starts at those that no other task of the group
 * waits for.
 *
 * @example
 * ```ts
 * const extract = dag.taskGroup("extract");
 * const north = extract.task("north", readNorth)(); // the task "extract.north"
 * extract.before(report);
 * ```
 */
export class TaskGroup extends TaskScope implements GraphNode {
  /** The group's full id, prefixed with the ids of the enclosing groups. */
  readonly groupId: string;
  readonly #dag: DagState;
  readonly #node: GroupDeclaration;

  /** Called by `taskGroup()` of a Dag or of another group. */
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

  /** Declares a nested group. */
  taskGroup(groupId: string): TaskGroup {
    return new TaskGroup(this.#dag, this.#node, groupId);
  }

  /** Makes the group wait for the given nodes, without taking their results. */
  after(...nodes: readonly GraphNodes[]): this {
    drawAfter(this.#dag, this.#node, nodes);
    return this;
  }

  /** Makes the given nodes wait for the group, without taking its results. */
  before(...nodes: readonly GraphNodes[]): this {
    drawBefore(this.#dag, this.#node, nodes);
    return this;
  }
}
