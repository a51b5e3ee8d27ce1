// Advice for a run that no process works on.

import type { DagRun } from "@memodag/core";

/** Half a sentence that names the commands. */
export function waysOut(dagId: string, runId: string): string {
  return (
    `\`memodag dags run ${dagId} --resume\` or a scheduler continues it, ` +
    `\`memodag runs cancel ${dagId} ${runId}\` ends it`
  );
}

/** A line about a run that was sent back to be scheduled. */
export function queuedText(dagId: string): string {
  return (
    "The run is queued: a running `memodag scheduler` or `memodag dev` brings it to its end, " +
    `or \`memodag dags run ${dagId} --resume\`.`
  );
}

/** A run that was interrupted, and what can be done about it. */
export function interruptedText({ dagId, runId }: Pick<DagRun, "dagId" | "runId">): string {
  return `Run ${runId} was interrupted: ${waysOut(dagId, runId)}`;
}
