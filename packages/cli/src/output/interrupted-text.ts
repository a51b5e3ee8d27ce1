// What can be done about a run that was interrupted.

/** Half a sentence that names the commands. */
export function waysOut(dagId: string, runId: string): string {
  return (
    `\`memodag dags run ${dagId} --resume\` or a scheduler continues it, ` +
    `\`memodag runs cancel ${dagId} ${runId}\` ends it`
  );
}
