// What a ref refers to, kept where copies of this package find it in each other's refs.

import { dagInvalid, show } from "./dag-fault.ts";
import type { DagState, TaskDeclaration } from "./dag-state.ts";

const TARGET = Symbol.for("memodag.taskRef");

/** What a ref refers to: a task's result, or the part of it at `path`. */
export interface RefTarget {
  readonly dag: DagState;
  readonly task: TaskDeclaration;
  readonly path: readonly (string | number)[];
}

/** Makes `ref` refer to `target`. */
export function attachTarget(ref: object, target: RefTarget): void {
  Object.defineProperty(ref, TARGET, { value: target });
}

/** What `value` refers to, when it is a ref. */
export function findTarget(value: unknown): RefTarget | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, TARGET)?.value as RefTarget | undefined;
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
