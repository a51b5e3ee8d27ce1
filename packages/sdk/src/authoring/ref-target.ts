// The target of a ref, stored where other copies of this package can find it.

import { dagInvalid, show } from "./dag-fault.ts";
import type { DagState, TaskDeclaration } from "./dag-state.ts";

const TARGET = Symbol.for("memodag.taskRef");

/** The target of a ref: a task's result, or the part of it at `path`. */
export interface RefTarget {
  readonly dag: DagState;
  readonly task: TaskDeclaration;
  readonly path: readonly (string | number)[];
}

/** Makes `ref` refer to `target`. */
export function attachTarget(ref: object, target: RefTarget): void {
  Object.defineProperty(ref, TARGET, { value: target });
}

/** Returns the target of `value`, or `undefined` if it is not a ref. */
export function findTarget(value: unknown): RefTarget | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, TARGET)?.value as RefTarget | undefined;
}

/**
 * Returns the target of a ref, which must be a task of `dag`. `taskId` is the task that uses the
 * ref.
 * @throws MemodagError `dag_invalid` if `ref` is not a ref, or belongs to another Dag.
 */
export function targetIn(dag: DagState, taskId: string, ref: unknown): RefTarget {
  const place = { dagId: dag.dagId, taskId };
  const target = findTarget(ref);
  if (!target) {
    throw dagInvalid(place, {
      problem: `${show(ref)} is not a task's result`,
      fix: "call the task and pass the ref that the call returns",
    });
  }
  if (target.dag === dag) return target;
  throw dagInvalid(place, {
    problem: `it refers to task "${target.task.taskId}" of Dag "${target.dag.dagId}"`,
    fix: "declare that task in this Dag; an edge cannot connect two Dags",
  });
}
