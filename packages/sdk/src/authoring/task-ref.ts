// A reference to a placed task. It stands for a result that does not exist yet.

import { dagInvalid, show } from "./dag-fault.ts";
import type { GraphNode, GraphNodes } from "./graph-node.ts";
import { drawAfter, drawBefore } from "./order-edges.ts";
import { attachTarget, findTarget, type RefTarget } from "./ref-target.ts";

/**
 * A reference to the result of a task. Pass it to other tasks as an argument. It is not a promise:
 * nothing runs while a Dag file is read.
 *
 * @example
 * ```ts
 * const model = fit({ rows: load() }); // TaskRef<Model>
 * report({ score: model.field("score") }).after(notify);
 * ```
 */
export class TaskRef<out T> implements GraphNode {
  /** Carries the type. The property does not exist at run time. */
  declare protected readonly result: T;

  /** Called by a task's factory. */
  constructor(target: RefTarget) {
    attachTarget(this, target);
    Object.freeze(this);
  }

  /** Id of the Dag. */
  get dagId(): string {
    return targetOf(this).dag.dagId;
  }

  /** Full id of the task, prefixed with the ids of the enclosing groups. */
  get taskId(): string {
    return targetOf(this).task.taskId;
  }

  /**
   * Returns a ref to a part of the result: a property by name, or an element by index. A cached
   * task that takes it runs again only when that part changes. If the part does not exist, its
   * value is `null`.
   *
   * @example
   * ```ts
   * report({ first: rows.field(0), name: model.field("name") });
   * ```
   */
  field<Name extends keyof T & (string | number)>(name: Name): TaskRef<T[Name]> {
    const { dag, task, path } = targetOf(this);
    const isStep = typeof name === "string" || (Number.isSafeInteger(name) && (name as number) >= 0);
    if (!isStep) {
      throw dagInvalid(
        { dagId: dag.dagId, taskId: task.taskId },
        { problem: `field(${show(name)}) selects nothing`, fix: "use a name, or an index of 0 or more" },
      );
    }
    return new TaskRef<T[Name]>({ dag, task, path: [...path, name] });
  }

  /** Makes this task wait for the given nodes, without taking their results. */
  after(...nodes: readonly GraphNodes[]): this {
    const { dag, task } = targetOf(this);
    drawAfter(dag, task, nodes);
    return this;
  }

  /** Makes the given nodes wait for this task, without taking its result. */
  before(...nodes: readonly GraphNodes[]): this {
    const { dag, task } = targetOf(this);
    drawBefore(dag, task, nodes);
    return this;
  }
}

function targetOf(ref: TaskRef<unknown>): RefTarget {
  return findTarget(ref) as RefTarget;
}
