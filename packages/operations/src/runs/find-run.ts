// Finds the run that a user names: by its id, by the beginning of one, or as the latest.

import { MemodagError, type DagRun, type DagStore, type RunStore } from "@memodag/core";
import { findTeam, getDag, type DagName } from "../dags/find-dag.ts";

/** A Dag and one of its runs. */
export interface RunName extends DagName {
  /** An id, {@link LATEST}, or the beginning of one id alone. */
  readonly runId: string;
}

/** Names the Dag's newest run, unless a run has this id. */
const LATEST = "latest";

/** Candidates that an error lists. */
const MOST_CANDIDATES = 5;

interface RunStores {
  readonly dags: DagStore;
  readonly runs: RunStore;
}

/**
 * The run that a user names. A whole id wins over everything else, so that no run hides another.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `dag_run_ambiguous`.
 */
export async function getRun(stores: RunStores, { runId, ...name }: RunName): Promise<DagRun> {
  const team = await findTeam(stores.dags, name);
  const run = await findRun(stores.runs, { team, dagId: name.dagId, runId });
  if (run !== undefined) return run;
  const [latest] = await stores.runs.listRuns({ team, dagId: name.dagId, limit: 1 });
  // Reports a missing Dag first.
  if (latest === undefined) await getDag(stores.dags, name);
  throw new MemodagError(
    "dag_run_not_found",
    latest === undefined
      ? `Dag "${name.dagId}" has no runs yet: \`memodag dags run ${name.dagId}\` makes one`
      : `Dag "${name.dagId}" has no run "${runId}": \`memodag runs list ${name.dagId}\` lists its runs`,
    { fields: { dagId: name.dagId, runId } },
  );
}

/**
 * The run that a name stands for within a team; undefined if it stands for none.
 * @throws MemodagError `dag_run_ambiguous`
 */
export async function findRun(
  runs: RunStore,
  { team, dagId, runId }: { readonly team: string; readonly dagId: string; readonly runId: string },
): Promise<DagRun | undefined> {
  const exact = await runs.findRun(team, dagId, runId);
  if (exact !== undefined) return exact;
  // An empty name is more likely a variable of a shell that is not set than a run that is meant.
  if (runId === "") return undefined;
  if (runId === LATEST) return (await runs.listRuns({ team, dagId, limit: 1 }))[0];
  const found = await runs.listRuns({ team, dagId, idPrefix: runId, limit: MOST_CANDIDATES + 1 });
  if (found.length > 1) throw runAmbiguous(dagId, runId, found);
  return found[0];
}

function runAmbiguous(dagId: string, prefix: string, found: readonly DagRun[]): MemodagError {
  const candidates = found.slice(0, MOST_CANDIDATES).map(({ runId }) => runId);
  const others = found.length > MOST_CANDIDATES ? ", …" : "";
  return new MemodagError(
    "dag_run_ambiguous",
    `Several runs of Dag "${dagId}" have ids that begin with "${prefix}": write more of it, or "${LATEST}" for ` +
      `the newest run. The newest of them: ${candidates.join(", ")}${others}`,
    { fields: { dagId, prefix, candidates } },
  );
}
