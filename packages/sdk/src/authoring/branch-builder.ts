// Takes down what a branch is declared as, and refuses what cannot be right.

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

/** Declares one branch. Every method throws `dag_invalid` for what it refuses. */
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

  /** What runs when the condition is `isTrue`. */
  addSide(isTrue: boolean, target: unknown): void {
    // What is awaited has its `then` called with a function.
    if (typeof target === "function") {
      throw this.#fault(
        "its if is given a function",
        "do not await dag.if(); give it what a task's call returned",
      );
    }
    this.#add("boolean", isTrue, target);
  }

  /** A case that is chosen by its own id. */
  addTask(target: unknown): void {
    this.#add("task", nodeIdOf(nodeIn(this.#dag, this.#place, target)), target);
  }

  /** A case that is chosen by a value. */
  addValue(value: unknown, target: unknown): void {
    if (value !== null && !["string", "number", "boolean"].includes(typeof value)) {
      throw this.#fault(
        `its switch has a case for ${show(value)}`,
        "write a text, a number, true, false or null",
      );
    }
    this.#add("value", value, target);
  }

  /** What runs when no case fits. */
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
      "its switch has cases by task and by value",
      "write .case(task) for all and no .default(), or .case(value, task) for all",
    );
  }

  #refuseBothSides(target: NodeDeclaration): void {
    if (this.#branch.cases.every((known) => known.target !== target)) return;
    throw this.#fault(
      `"${nodeIdOf(target)}" is on both sides of its if`,
      "draw an edge with .after() where it runs in any case",
    );
  }

  #twice(what: string): Error {
    return this.#fault(
      `its ${this.#method} chooses twice for ${what}`,
      "choose once, and put the targets into a task group where there are several",
    );
  }

  #fault(problem: string, mend: string): Error {
    return dagInvalid(this.#place, { problem, mend });
  }
}

/** The task whose result decides, and where in its result the choice is. */
function deciderIn(dag: DagState, ref: unknown, method: "if" | "switch"): Decider {
  const task = nodeIn(dag, { dagId: dag.dagId }, ref);
  const place = placeOf(dag, task);
  if (!("taskId" in task)) {
    throw dagInvalid(place, {
      problem: `dag.${method}() is given a task group`,
      mend: "give it what the call of the task that decides returned",
    });
  }
  if (task.placement && task.placement.expand.length > 0) {
    throw dagInvalid(place, {
      problem: `dag.${method}() is given the results of a mapped task`,
      mend: "give it a task that takes these results and returns one choice",
    });
  }
  if (dag.branches.has(task.taskId)) {
    throw dagInvalid(place, {
      problem: "two branches are decided by it",
      mend: "declare another task, which decides one of them",
    });
  }
  return { task, path: findTarget(ref)?.path ?? [] };
}

interface Decider {
  readonly task: TaskDeclaration;
  readonly path: readonly (string | number)[];
}
