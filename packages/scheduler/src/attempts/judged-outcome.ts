// Checks an attempt's outcome where the task decides a branch: a result that selects no case is a failure.

import { isOwnFault, RETURN_VALUE, type AttemptOutcome } from "@memodag/core";
import { chooseBranch } from "../graph/branch-choice.ts";
import type { DagNode } from "../graph/dag-graph.ts";
import type { RunResults } from "../values/run-results.ts";

/**
 * Returns the outcome unchanged, or a failure of the task, without a result, when the result selects no case.
 */
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
    // Not vouched for: the cases are not part of the key, so this failure must not be cached.
    return {
      kind: "failed",
      error: { code, message },
      durationMs: outcome.durationMs,
      retryable: true,
    };
  }
}
