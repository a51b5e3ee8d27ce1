// What an attempt's outcome is worth where the task decides a branch: a result that is no choice is a failure.

import { isOwnFault, RETURN_VALUE, type AttemptOutcome } from "@memodag/core";
import { chooseBranch } from "../graph/branch-choice.ts";
import type { DagNode } from "../graph/dag-graph.ts";
import type { RunResults } from "../values/run-results.ts";

/** The outcome; a failure like any of the task's own, and no result, in place of one that chooses nothing. */
export async function judgeOutcome(
  node: DagNode,
  outcome: AttemptOutcome,
  results: RunResults,
): Promise<AttemptOutcome> {
  if (!node.branch || outcome.kind !== "succeeded") return outcome;
  const returned = outcome.xcoms.find(({ key }) => key === RETURN_VALUE);
  if (!returned) return outcome;
  try {
    chooseBranch(node, await results.decidingValueOf(returned.bytes, node.task.branch?.path ?? []));
    return outcome;
  } catch (error) {
    if (!isOwnFault(error)) throw error;
    const { code, message } = error;
    // Nobody vouches for it: what the cases are is not in the key, so it is not to be remembered.
    return {
      kind: "failed",
      error: { code, message },
      durationMs: outcome.durationMs,
      retryable: true,
    };
  }
}
