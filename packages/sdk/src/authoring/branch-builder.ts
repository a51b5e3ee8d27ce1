// Collects the declaration of one branch and rejects invalid ones.

import type { SerializedBranch } from "@memodag/core";
import { dagInvalid, show, type FaultPlace } from "./dag-fault.ts";
import {
  nodeIdOf,
  type BranchDeclaration,
  type DagState,
  type NodeDeclaration,
  type TaskDeclaration,
} from "./dag-state.ts";
import { nodeIn } from "./find-node.ts";
import { literalText } from "./literal.ts";
import { drawEdge, placeOf } from "./order-edges.ts";
import { findTarget } from "./ref-target.ts";

/** Declares one branch. Every method throws `dag_invalid` for an invalid declaration. */
export class BranchBuilder {
  readonly #dag: DagState;
  readonly #place: FaultPlace;
  readonly #decider: TaskDeclaration;
  readonly #branch: BranchDeclaration;
  readonly #method: "if" | "switch";

  constructor(dag: DagState, ref: unknown, method: "if" | "switch") {
    const { task, path } = deciderIn(dag, ref, method);
    this.#dag = dag;
    this.#place = { dagId: dag.dagId, taskId: task.taskId };
    this.#decider = task;
    this.#method = method;
    this.#branch = { by: null, path, cases: [], otherwise: null };
    dag.branches.set(task.taskId, this.#branch);
  }

  /** Adds the target that runs when the condition is `isTrue`. */
  addSide(isTrue: boolean, target: unknown): void {
    // `await` calls `then` with a function.
    if (typeof target === "function") {
      throw this.#fault(
        "then() was called with a function",
        "do not await dag.if(); pass the ref that a task's call returned",
      );
    }
    this.#add("boolean", isTrue, target);
  }

  /** Adds a case that is selected by its own task or group id. */
  addTask(target: unknown): void {
    this.#add("task", nodeIdOf(nodeIn(this.#dag, this.#place, target)), target);
  }

  /** Adds a case that is selected by a value. */
  addValue(value: unknown, target: unknown): void {
    if (value !== null && !["string", "number", "boolean"].includes(typeof value)) {
      throw this.#fault(
        `its switch has a case for ${show(value)}`,
        "use a string, a number, true, false or null",
      );
    }
    this.#add("value", value, target);
  }

  /** Sets the target that runs when no case matches. */
  setOtherwise(target: unknown): void {
    this.#requireKind("value");
    if (this.#branch.otherwise) throw this.#twice("default");
    this.#branch.otherwise = nodeIn(this.#dag, this.#place, target);
    drawEdge(this.#dag, this.#decider, this.#branch.otherwise);
  }

  #add(by: SerializedBranch["by"], value: unknown, given: unknown): void {
    this.#requireKind(by);
    const target = nodeIn(this.#dag, this.#place, given);
    const json = literalText(this.#place, "case", value);
    const { cases } = this.#branch;
    if (cases.some((known) => known.json === json)) throw this.#twice(show(value));
    if (by === "boolean") this.#refuseBothSides(target);
    cases.push({ json, target });
    drawEdge(this.#dag, this.#decider, target);
  }

  #requireKind(by: SerializedBranch["by"]): void {
    this.#branch.by ??= by;
    if (this.#branch.by === by) return;
    throw this.#fault(
      "its switch mixes cases by task with cases by value",
      "use .case(task) throughout without .default(), or .case(value, task) throughout",
    );
  }

  #refuseBothSides(target: NodeDeclaration): void {
    if (this.#branch.cases.every((known) => known.target !== target)) return;
    throw this.#fault(
      `"${nodeIdOf(target)}" is on both sides of its if`,
      "if it should always run, add an edge with .after() instead",
    );
  }

  #twice(what: string): Error {
    return this.#fault(
      `its ${this.#method} has two targets for ${what}`,
      "keep one; to run several tasks, put them in a task group",
    );
  }

  #fault(problem: string, fix: string): Error {
    return dagInvalid(this.#place, { problem, fix });
  }
}

/** Returns the task whose result decides, and the path of the deciding value within its result. */
function deciderIn(dag: DagState, ref: unknown, method: "if" | "switch"): Decider {
  const task = nodeIn(dag, { dagId: dag.dagId }, ref);
  const place = placeOf(dag, task);
  if (!("taskId" in task)) {
    throw dagInvalid(place, {
      problem: `dag.${method}() was called with a task group`,
      fix: "pass the ref that the deciding task's call returned",
    });
  }
  if (task.placement && task.placement.expand.length > 0) {
    throw dagInvalid(place, {
      problem: `dag.${method}() was called with the results of a mapped task`,
      fix: "pass a task that takes these results and returns one choice",
    });
  }
  if (dag.branches.has(task.taskId)) {
    throw dagInvalid(place, {
      problem: "it decides two branches",
      fix: "declare a second task that decides one of them",
    });
  }
  return { task, path: findTarget(ref)?.path ?? [] };
}

interface Decider {
  readonly task: TaskDeclaration;
  readonly path: readonly (string | number)[];
}
