// Takes over what an earlier holder of a run has written of it.

import type { ClaimedRun, StoredError, TaskInstance } from "@memodag/core";
import { afterLoss, LOST_WITH_SCHEDULER } from "./lost-attempt.ts";
import type { RunEvent, RunParts } from "./run-parts.ts";

/** What ends an attempt whose instance was cleared, or given a state, while it ran. */
const CLEARED: StoredError = {
  code: "attempt_lost",
  message: "its task was cleared or its state set by hand, so that nobody waits for it any more",
};

/** The cache is asked anew about what missed: another run may have stored that result since. */
function wasMiss({ cacheStatus }: TaskInstance): boolean {
  return cacheStatus === "miss";
}

/**
 * Loads a claimed run's rows. Attempts are gone with their holder unless this process's executor has them;
 * whether one that was queued had begun, its holder took with it.
 */
export function loadRun(
  { run, instances, xcoms }: ClaimedRun,
  parts: RunParts,
  handle: (event: RunEvent) => void,
): void {
  const { context, table, results, dispatcher, attemptResults } = parts;
  for (const row of instances) {
    const node = results.nodeOf(row.taskId);
    table.load(node, row);
    if (row.state === "scheduled" && wasMiss(row)) table.change(node, row.mapIndex, { state: "none" });
    if (row.state !== "queued" && row.state !== "running") continue;
    // No attempt: it goes on with what it had begun.
    if (node.task.runStep) continue;
    const { attemptId, mapIndex } = row;
    if (attemptId === null) {
      table.change(node, mapIndex, afterLoss(row));
      continue;
    }
    dispatcher.adopt(attemptId, { node, mapIndex });
    if (!context.attempts.isLive(attemptId))
      handle({ kind: "finished", attemptId, outcome: LOST_WITH_SCHEDULER });
  }
  for (const xcom of xcoms) attemptResults.load(results, xcom);
  void context.attempts.cancelUnheard(run, CLEARED);
}
