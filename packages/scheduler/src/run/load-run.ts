// Takes over what an earlier holder of a run has written of it.

import type { ClaimedRun, StoredError, TaskInstance } from "@memodag/core";
import { afterLoss } from "./attempt-ends.ts";
import type { RunParts } from "./run-parts.ts";

/** What ends an attempt whose instance was cleared, or given a state, while it ran. */
const CLEARED: StoredError = {
  code: "attempt_lost",
  message: "its task was cleared or its state set by hand, so that nobody waits for it any more",
};

/** The cache is asked anew about what missed: another run may have stored that result since. */
function wasMiss({ cacheStatus }: TaskInstance): boolean {
  return cacheStatus === "miss";
}

/** Loads a claimed run's rows. Attempts are gone with their holder unless this process's executor has them. */
export function loadRun({ run, instances, xcoms }: ClaimedRun, parts: RunParts): void {
  const { context, table, results, dispatcher, attemptResults } = parts;
  for (const row of instances) {
    const node = results.nodeOf(row.taskId);
    table.load(node, row);
    if (row.state === "scheduled" && wasMiss(row)) table.change(node, row.mapIndex, { state: "none" });
    if (row.state !== "queued" && row.state !== "running") continue;
    // No attempt: it goes on with what it had begun.
    if (node.task.runStep) continue;
    if (row.attemptId !== null && context.attempts.isLive(row.attemptId)) {
      dispatcher.adopt(row.attemptId, { node, mapIndex: row.mapIndex });
      continue;
    }
    const lost = table.change(node, row.mapIndex, afterLoss(row));
    if (lost.waitingSince === null && wasMiss(row)) table.change(node, row.mapIndex, { state: "none" });
    context.log.warn("an attempt was lost with its scheduler and runs again", {
      dagId: run.dagId,
      runId: run.runId,
      taskId: row.taskId,
      mapIndex: row.mapIndex,
      tryNumber: row.tryNumber,
    });
  }
  for (const xcom of xcoms) attemptResults.load(results, xcom);
  context.attempts.cancelUnheard(run, CLEARED);
}
