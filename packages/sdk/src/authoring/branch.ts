// if and switch, as an author chains them: the result of one task chooses which others run.

import { BranchBuilder } from "./branch-builder.ts";
import type { DagState } from "./dag-state.ts";
import type { GraphNode } from "./graph-node.ts";

/** A value that a case can be written for. */
export type CaseValue = string | number | boolean | null;

/** What `dag.if(condition)` returns. */
export interface IfBranch {
  /** Runs `target` when the condition is true, and skips it when it is false. */
  then(target: GraphNode): ElseBranch;
}

/** What `.then(target)` returns; leave it at that for a branch of one side. */
export interface ElseBranch {
  /** Runs `target` when the condition is false, and skips it when it is true. */
  else(target: GraphNode): void;
}

/** What `dag.switch(decider)` returns. Its cases are chosen by task or by value, all of them alike. */
export interface SwitchBranch<T> {
  /** Runs `target` when the decider returned it, or its id. Every other choice is a failure. */
  case(target: GraphNode): SwitchBranch<T>;
  /** Runs `target` when the decider returned `value`. */
  case(value: Extract<T, CaseValue>, target: GraphNode): SwitchBranch<T>;
  /** Runs `target` when the decider returned a value that has no case; without it, nothing runs then. */
  default(target: GraphNode): void;
}

/** The branch of `dag.if`. */
export function createIf(dag: DagState, condition: unknown): IfBranch {
  const builder = new BranchBuilder(dag, condition, "if");
  const whenFalse: ElseBranch = { else: (target) => builder.addSide(false, target) };
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- the chain is read as if, then, else; awaiting it is refused
    then: (target) => {
      builder.addSide(true, target);
      return whenFalse;
    },
  };
}

/** The branch of `dag.switch`. */
export function createSwitch<T>(dag: DagState, decider: unknown): SwitchBranch<T> {
  const builder = new BranchBuilder(dag, decider, "switch");
  const cases: SwitchBranch<T> = {
    case: (...given: readonly [unknown] | readonly [unknown, unknown]) => {
      if (given.length === 1) builder.addTask(given[0]);
      else builder.addValue(given[0], given[1]);
      return cases;
    },
    default: (target) => builder.setOtherwise(target),
  };
  return cases;
}
