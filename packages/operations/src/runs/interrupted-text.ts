// Advice for a run that no process works on.

import type { DagRun } from "@memodag/core";

/** Half a sentence with the applicable commands. */
export function waysOut(dagId: string, runId: string): string {
  return (
    `\`memodag dags run ${dagId} --resume\` or a scheduler continues it, ` +
    `\`memodag runs cancel ${dagId} ${runId}\` ends it`
  );
}

/** A line about a run that was queued again. */
export function queuedText(dagId: string): string {
  return (
    "The run is queued: a running `memodag scheduler` or `memodag dev` completes it, " +
    `or \`memodag dags run ${dagId} --resume\`.`
  );
}

/** Describes an interrupted run and the ways to continue. */
export function interruptedText({ dagId, runId }: Pick<DagRun, "dagId" | "runId">): string {
  return `Run ${runId} was interrupted: ${waysOut(dagId, runId)}`;
}
