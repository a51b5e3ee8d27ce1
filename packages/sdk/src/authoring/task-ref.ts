// A placed task as other tasks name it: inert, it stands for a result that does not exist yet.

import { dagInvalid, show } from "./dag-fault.ts";
import type { GraphNode, GraphNodes } from "./graph-node.ts";
import { drawAfter, drawBefore } from "./order-edges.ts";
import { attachTarget, findTarget, type RefTarget } from "./ref-target.ts";

/**
 * The result of a task, to be handed to other tasks as an argument. It is no promise, and nothing
 * runs while a Dag file is read.
 */
export class TaskRef<out T> implements GraphNode {
  /** Carries the type; there is no such property. */
  declare protected readonly result: T;

  /** Made by calling a task's factory. */
  constructor(target: RefTarget) {
    attachTarget(this, target);
    Object.freeze(this);
  }

  /** The id of the Dag. */
  get dagId(): string {
    return targetOf(this).dag.dagId;
  }

  /** The id of the task, with those of the groups that it is in. */
  get taskId(): string {
    return targetOf(this).task.taskId;
  }

  /**
   * A part of the result: a property by name or an element by index. The task that takes it runs
   * again only when that part changes. What is not there is `null`.
   */
  field<Name extends keyof T & (string | number)>(name: Name): TaskRef<T[Name]> {
    const { dag, task, path } = targetOf(this);
    const isStep = typeof name === "string" || (Number.isSafeInteger(name) && (name as number) >= 0);
    if (!isStep) {
      throw dagInvalid(
        { dagId: dag.dagId, taskId: task.taskId },
        { problem: `field(${show(name)}) selects nothing`, mend: "write a name, or an index from 0" },
      );
    }
    return new TaskRef<T[Name]>({ dag, task, path: [...path, name] });
  }

  /** This task waits for those, without taking their results. */
  after(...nodes: readonly GraphNodes[]): this {
    const { dag, task } = targetOf(this);
    drawAfter(dag, task, nodes);
    return this;
  }

  /** Those wait for this task, without taking its result. */
  before(...nodes: readonly GraphNodes[]): this {
    const { dag, task } = targetOf(this);
    drawBefore(dag, task, nodes);
    return this;
  }
}

function targetOf(ref: TaskRef<unknown>): RefTarget {
  return findTarget(ref) as RefTarget;
}
