// What can be done about a run that no process works on.

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
