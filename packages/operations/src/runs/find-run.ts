// From a run's id to the run that it names, or to an error that helps.

import { MemodagError, type DagRun, type DagStore, type RunStore } from "@memodag/core";
import { findTeam, getDag, type DagName } from "../dags/find-dag.ts";

/** Which run: its id, and which Dag it is of. */
export interface RunName extends DagName {
  readonly runId: string;
}

/**
 * A run by its id.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`.
 */
export async function getRun(
  { dags, runs }: { readonly dags: DagStore; readonly runs: RunStore },
  { runId, ...name }: RunName,
): Promise<DagRun> {
  const team = await findTeam(dags, name);
  const run = await runs.findRun(team, name.dagId, runId);
  if (run !== undefined) return run;
  const [latest] = await runs.listRuns({ team, dagId: name.dagId, limit: 1 });
  // Names the Dag when that is what is wrong.
  if (latest === undefined) await getDag(dags, name);
  throw new MemodagError(
    "dag_run_not_found",
    `Dag "${name.dagId}" has no run "${runId}": \`memodag runs list ${name.dagId}\` lists its runs`,
    { fields: { dagId: name.dagId, runId } },
  );
}
