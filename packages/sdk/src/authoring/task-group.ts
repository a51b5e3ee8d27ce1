// Groups of tasks, and transactions. The id of a group prefixes those of its tasks, and it can be either end of an edge.

import { dagInvalid } from "./dag-fault.ts";
import type { DagState, GroupDeclaration } from "./dag-state.ts";
import { attachNode } from "./find-node.ts";
import type { GraphNode, GraphNodes } from "./graph-node.ts";
import { newNodeId } from "./node-id.ts";
import { drawAfter, drawBefore, groupsAround } from "./order-edges.ts";
import { findTarget } from "./ref-target.ts";
import { TaskScope } from "./task-scope.ts";
import type { TaskRef } from "./task-ref.ts";
import {
  readTransactionOptions,
  type TransactionOptions,
  type TransactionSettings,
} from "./transaction-options.ts";

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

  /** Called by `taskGroup()` and `transaction()` of a Dag or of another group. */
  constructor(
    dag: DagState,
    around: GroupDeclaration | null,
    id: unknown,
    transaction?: (groupId: string) => TransactionSettings,
  ) {
    const groupId = newNodeId(dag, around, "task group", id);
    const settings = transaction?.(groupId);
    const node: GroupDeclaration = {
      groupId,
      group: around,
      taskIds: new Set(),
      ...(settings && { transaction: settings }),
    };
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

  /** Declares a nested transaction; see {@link Dag.transaction}. */
  transaction(transactionId: string, options: TransactionOptions = {}): Transaction {
    return new Transaction(this.#dag, this.#node, transactionId, options);
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

/**
 * A group of tasks whose results become visible to other runs together, when all of the tasks have ended well. If one
 * of them fails, none is stored. Created by `transaction()` of a Dag or of a group.
 */
export class Transaction extends TaskGroup {
  readonly #dag: DagState;
  readonly #settings: TransactionSettings;

  constructor(dag: DagState, around: GroupDeclaration | null, id: unknown, options: TransactionOptions) {
    let settings: TransactionSettings | undefined;
    super(dag, around, id, (groupId) => {
      const outer = around && findTransaction(around);
      settings = readTransactionOptions(
        { dagId: dag.dagId, groupId },
        options,
        outer?.transaction,
        dag.settings.defaultArgs.cache,
      );
      return settings;
    });
    if (!settings) throw new Error("the options of a transaction were not read");
    this.#dag = dag;
    this.#settings = settings;
  }

  /**
   * Lets a task decide: the transaction is committed if the task returns `true`, and otherwise rolled back. The task
   * has to be the last of the transaction, so that all others have ended when it decides.
   *
   * @example
   * ```ts
   * const load = dag.transaction("load");
   * const rows = load.task("fetch", fetchRows, { cache: true })();
   * load.commitWhen(load.task("check", isComplete)({ rows }));
   * ```
   */
  commitWhen(answer: TaskRef<boolean>): this {
    const place = { dagId: this.#dag.dagId, groupId: this.groupId };
    const target = findTarget(answer);
    const isMember = target && groupsAround(target.task).some(({ groupId }) => groupId === this.groupId);
    if (!target || target.dag !== this.#dag || !isMember) {
      throw dagInvalid(place, {
        problem: "commitWhen() is given a result of a task that is not in the transaction",
        fix: "declare the task with task() of the transaction",
      });
    }
    if (this.#settings.isEager) {
      throw dagInvalid(place, {
        problem: "commitWhen() is called, and the transaction is eager, which stores each result at once",
        fix: 'use commit: "lazy", or remove the call',
      });
    }
    if (target.task.placement?.expand.length) {
      throw dagInvalid(place, {
        problem: `commitWhen() is given the results of "${target.task.taskId}", which is mapped`,
        fix: "add a task that takes the list and returns true or false",
      });
    }
    if (this.#settings.decidedBy) {
      throw dagInvalid(place, { problem: "commitWhen() is called twice", fix: "call it once" });
    }
    this.#settings.decidedBy = { taskId: target.task.taskId, path: target.path };
    return this;
  }
}

/** Returns the innermost transaction that a group is or is in. */
export function findTransaction(group: GroupDeclaration | null): GroupDeclaration | undefined {
  for (let around = group; around; around = around.group) if (around.transaction) return around;
  return undefined;
}
