// A placed task as other tasks name it: inert, it stands for a result that does not exist yet.

import { dagInvalid, show } from "./dag-fault.ts";
import type { DagState, TaskDeclaration } from "./dag-state.ts";

/** Where a ref keeps what it refers to; registered, so that copies of this package share it. */
const TARGET = Symbol.for("memodag.taskRef");

/** What a ref refers to: a task's result, or the part of it at `path`. */
export interface RefTarget {
  readonly dag: DagState;
  readonly task: TaskDeclaration;
  readonly path: readonly (string | number)[];
}

/** One ref or several. */
export type Refs = TaskRef<unknown> | readonly TaskRef<unknown>[];

/**
 * The result of a task, to be handed to other tasks as an argument. It is no promise, and nothing
 * runs while a Dag file is read.
 */
export class TaskRef<out T> {
  /** Carries the type; there is no such property. */
  declare protected readonly result: T;

  /** Made by calling a task's factory. */
  constructor(target: RefTarget) {
    Object.defineProperty(this, TARGET, { value: target });
    Object.freeze(this);
  }

  /** The id of the task. */
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
  after(...refs: readonly Refs[]): this {
    const { dag, task } = targetOf(this);
    for (const ref of refs.flat()) task.upstream.add(targetIn(dag, task.taskId, ref).task.taskId);
    return this;
  }

  /** Those tasks wait for this one, without taking its result. */
  before(...refs: readonly Refs[]): this {
    const { dag, task } = targetOf(this);
    for (const ref of refs.flat()) targetIn(dag, task.taskId, ref).task.upstream.add(task.taskId);
    return this;
  }
}

/** What `value` refers to, when it is a ref. */
export function findTarget(value: unknown): RefTarget | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, TARGET)?.value as RefTarget | undefined;
}

function targetOf(ref: TaskRef<unknown>): RefTarget {
  return findTarget(ref) as RefTarget;
}

/**
 * What a ref refers to, which must be a task of `dag`; `taskId` is the task that names it.
 * @throws MemodagError `dag_invalid` when it is no ref, or one of another Dag.
 */
export function targetIn(dag: DagState, taskId: string, ref: unknown): RefTarget {
  const place = { dagId: dag.dagId, taskId };
  const target = findTarget(ref);
  if (!target) {
    throw dagInvalid(place, {
      problem: `${show(ref)} is not a task's result`,
      mend: "call the task first, and pass what the call returns",
    });
  }
  if (target.dag === dag) return target;
  throw dagInvalid(place, {
    problem: `it names task "${target.task.taskId}" of Dag "${target.dag.dagId}"`,
    mend: "declare that task in this Dag; tasks of two Dags cannot be joined",
  });
}
