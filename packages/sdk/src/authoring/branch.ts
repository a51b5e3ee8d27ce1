// The chained API of `if` and `switch`: the result of one task selects which other tasks run.

import type { ArgumentsFor } from "./arguments.ts";
import { BranchBuilder } from "./branch-builder.ts";
import type { DagState } from "./dag-state.ts";
import type { GraphNode } from "./graph-node.ts";
import type { NamesOf } from "./handler.ts";
import type { NamedTaskOptions } from "./task-options.ts";

/** A value that a `case` can match. */
export type CaseValue = string | number | boolean | null;

/** The arguments after the handler in `dag.if(handler, …)`: those of the task, optional if none is required, and options. */
export type DeciderCall<Args extends object> = {} extends Args
  ? [args?: ArgumentsFor<Args>, options?: NamedTaskOptions<NamesOf<Args>>]
  : [args: ArgumentsFor<Args>, options?: NamedTaskOptions<NamesOf<Args>>];

/** Returned by `dag.if(condition)`. */
export interface IfBranch {
  /** Runs `target` when the condition is true and skips it when the condition is false. */
  then(target: GraphNode): ElseBranch;
}

/** Returned by `.then(target)`. Calling `.else()` is optional. */
export interface ElseBranch {
  /** Runs `target` when the condition is false and skips it when the condition is true. */
  else(target: GraphNode): void;
}

/** Returned by `dag.switch(decider)`. Cases are either all by task or all by value. */
export interface SwitchBranch<T> {
  /** Runs `target` when the decider returned it or its id. Any other result fails the decider. */
  case(target: GraphNode): SwitchBranch<T>;
  /** Runs `target` when the decider returned `value`. */
  case(value: Extract<T, CaseValue>, target: GraphNode): SwitchBranch<T>;
  /**
   * Runs `target` when the decider returned a value without a case. Without a default, nothing runs
   * then.
   */
  default(target: GraphNode): void;
}

/** Creates the branch of `dag.if`. */
export function createIf(dag: DagState, condition: unknown): IfBranch {
  const builder = new BranchBuilder(dag, condition, "if");
  const whenFalse: ElseBranch = { else: (target) => builder.addSide(false, target) };
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- the chain reads as if, then, else; awaiting it is rejected
    then: (target) => {
      builder.addSide(true, target);
      return whenFalse;
    },
  };
}

/** Creates the branch of `dag.switch`. */
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
