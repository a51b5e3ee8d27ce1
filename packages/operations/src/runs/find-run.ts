// Finds the run of an id, or reports a helpful error.

import { MemodagError, type DagRun, type DagStore, type RunStore } from "@memodag/core";
import { findTeam, getDag, type DagName } from "../dags/find-dag.ts";

/** The id of a run and its Dag. */
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
  // Reports a missing Dag first.
  if (latest === undefined) await getDag(dags, name);
  throw new MemodagError(
    "dag_run_not_found",
    `Dag "${name.dagId}" has no run "${runId}": \`memodag runs list ${name.dagId}\` lists its runs`,
    { fields: { dagId: name.dagId, runId } },
  );
}
