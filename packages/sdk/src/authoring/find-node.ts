// Resolves the refs and groups that an author holds to the nodes they represent.

import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import { nodeIdOf, type DagState, type NodeDeclaration } from "./dag-state.ts";
import { findTarget } from "./ref-target.ts";

const GROUP = Symbol.for("memodag.taskGroup");

/** A node and the Dag it belongs to. */
interface OwnedNode {
  readonly dag: DagState;
  readonly node: NodeDeclaration;
}

/** Records that `group` represents the node. */
export function attachNode(group: object, owned: OwnedNode): void {
  Object.defineProperty(group, GROUP, { value: owned });
}

/** Returns the node that a ref or group represents, or `undefined` for any other value. */
export function findNode(value: unknown): OwnedNode | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const target = findTarget(value);
  if (target) return { dag: target.dag, node: target.task };
  return Object.getOwnPropertyDescriptor(value, GROUP)?.value as OwnedNode | undefined;
}

/**
 * Returns the node that a ref or group of `dag` represents.
 * @throws MemodagError `dag_invalid` at `place` if it is neither, or belongs to another Dag.
 */
export function nodeIn(dag: DagState, place: FaultPlace, value: unknown): NodeDeclaration {
  const found = findNode(value);
  if (!found) {
    throw dagInvalid(place, {
      problem: `${show(value)} is neither a task's result nor a task group`,
      fix: "call the task and pass the ref that the call returns",
    });
  }
  if (found.dag === dag) return found.node;
  const kind = "taskId" in found.node ? "task" : "task group";
  throw dagInvalid(place, {
    problem: `it refers to ${kind} "${nodeIdOf(found.node)}" of Dag "${found.dag.dagId}"`,
    fix: "declare it in this Dag; an edge cannot connect two Dags",
  });
}
