// Finds what the attempts of tasks would leave for later attempts in the same process.
//
// An attempt leaves nothing if everything that it changes was made by itself, and everything that it calls is code of
// the artifact or known to leave nothing. What cannot be shown counts as left.

import { messageOf } from "@memodag/core";
import type { Node } from "../program/node.ts";
import type { Program } from "../program/program.ts";
import { Execution } from "./execution.ts";
import type { KeptState } from "./memory.ts";
import { TooLarge } from "./values.ts";

/** Returns what the attempts of some handlers would leave, by handler: nothing for those that are not there. */
export function findKeptState(
  program: Program,
  handlers: readonly Node[],
): ReadonlyMap<Node, readonly KeptState[]> {
  const distinct = [...new Set(handlers)];
  // Together they do more than each of them: often nothing has to be told apart.
  const together = follow(program, distinct);
  if (typeof together === "string")
    return new Map(distinct.map((node) => [node, [{ node, reason: together }]]));
  if (together.length === 0) return new Map();
  return new Map(
    distinct.flatMap((node) => {
      const found = distinct.length === 1 ? together : follow(program, [node]);
      const kept = typeof found === "string" ? [{ node, reason: found }] : found;
      return kept.length > 0 ? [[node, kept] as const] : [];
    }),
  );
}

/** Returns what some handlers would leave, or why their code cannot be followed. */
function follow(program: Program, handlers: readonly Node[]): readonly KeptState[] | string {
  if (handlers.length === 0) return [];
  const execution = new Execution(program);
  try {
    execution.load();
    const missing = handlers.find((handler) => !execution.attempt(handler));
    if (missing) return [{ node: missing, reason: "is made in a way that cannot be followed" }];
  } catch (error) {
    return error instanceof TooLarge ? "has too much to follow" : `cannot be followed (${messageOf(error)})`;
  }
  return execution.list().sort((a, b) => a.node.start - b.node.start);
}
