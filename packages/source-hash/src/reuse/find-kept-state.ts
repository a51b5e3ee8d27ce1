// Finds what the attempts of tasks would leave for later attempts in the same process.
//
// An attempt leaves nothing if everything that it changes was made by itself, and everything that it calls is code of
// the artifact or known to leave nothing. What cannot be shown counts as left.

import { messageOf } from "@memodag/core";
import type { Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import type { KeptState } from "./memory.ts";
import { Execution } from "./execution.ts";
import { TooLarge } from "./values.ts";

/** Returns what the attempts of some handlers would leave, by handler: nothing for those that are not there. */
export function findKeptState(
  program: Program,
  handlers: readonly Node[],
): ReadonlyMap<Node, readonly KeptState[]> {
  const distinct = [...new Set(handlers)];
  // Together they do more than each of them: often nothing has to be told apart.
  if (distinct.length > 1 && keptBy(program, distinct).length === 0) return new Map();
  return new Map(
    distinct
      .map((handler) => [handler, keptBy(program, [handler])] as const)
      .filter(([, kept]) => kept.length > 0),
  );
}

function keptBy(program: Program, handlers: readonly Node[]): readonly KeptState[] {
  const execution = new Execution(program);
  const [handler] = handlers;
  if (!handler) return [];
  try {
    execution.load();
    const missing = handlers.find((each) => !execution.attempt(each));
    if (missing) return [{ node: missing, reason: "is made in a way that cannot be followed" }];
  } catch (error) {
    const reason =
      error instanceof TooLarge ? "has too much code to follow" : `cannot be followed (${messageOf(error)})`;
    return [{ node: handler, reason }];
  }
  return execution.list().sort((a, b) => a.node.start - b.node.start);
}
