// A purge: what it would remove, and the selection that removes no more than that.

import type { InputOf, OutputOf } from "../data/api.ts";

/** The work of making the entries again, as far as they are listed. */
export interface WorkAgain {
  readonly ms: number;
  /** True: more entries than are listed would go. */
  readonly isAtLeast: boolean;
}

/** Sums what making the entries of a plan took. */
export function workOf({ entries, wouldDelete }: OutputOf<"cache.plan-purge">): WorkAgain {
  const ms = entries.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return { ms, isAtLeast: entries.length < wouldDelete };
}

/**
 * Returns the input of the purge: nothing goes that was made after the plan.
 * @param plannedAgoMs milliseconds since the plan was asked for
 */
export function toPurge(
  selection: Omit<InputOf<"cache.purge">, "all">,
  isEverything: boolean,
  plannedAgoMs: number,
): InputOf<"cache.purge"> {
  const olderThanMs = Math.max(selection.olderThanMs ?? 0, Math.ceil(plannedAgoMs));
  return { ...selection, olderThanMs, ...(isEverything && { all: true }) };
}
