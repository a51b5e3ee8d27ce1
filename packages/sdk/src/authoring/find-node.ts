// What the refs and groups that an author holds stand for.

import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import { nodeIdOf, type DagState, type NodeDeclaration } from "./dag-state.ts";
import { findTarget } from "./ref-target.ts";

const GROUP = Symbol.for("memodag.taskGroup");

/** A node and the Dag that it is of. */
interface OwnedNode {
  readonly dag: DagState;
  readonly node: NodeDeclaration;
}

/** Makes `group` the face of that node. */
export function attachNode(group: object, owned: OwnedNode): void {
  Object.defineProperty(group, GROUP, { value: owned });
}

/** The node that a ref or a group stands for; `undefined` for anything else. */
export function findNode(value: unknown): OwnedNode | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const target = findTarget(value);
  if (target) return { dag: target.dag, node: target.task };
  return Object.getOwnPropertyDescriptor(value, GROUP)?.value as OwnedNode | undefined;
}

/**
 * The node that a ref or a group of `dag` stands for.
 * @throws MemodagError `dag_invalid` at `place` when it is neither, or of another Dag.
 */
export function nodeIn(dag: DagState, place: FaultPlace, value: unknown): NodeDeclaration {
  const found = findNode(value);
  if (!found) {
    throw dagInvalid(place, {
      problem: `${show(value)} is neither a task's result nor a task group`,
      mend: "call the task first, and pass what the call returns",
    });
  }
  if (found.dag === dag) return found.node;
  const kind = "taskId" in found.node ? "task" : "task group";
  throw dagInvalid(place, {
    problem: `it names ${kind} "${nodeIdOf(found.node)}" of Dag "${found.dag.dagId}"`,
    mend: "declare it in this Dag; tasks of two Dags cannot be joined",
  });
}
