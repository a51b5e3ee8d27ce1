// Checks whether a run can be loaded by a scheduler; one that cannot is skipped by all of them.

import { messageOf, type DagRun, type DagStore, type RunStore } from "@memodag/core";

/** The stores that runs are read from. */
export interface RunSources {
  readonly runs: Pick<RunStore, "listTaskInstances">;
  readonly dags: Pick<DagStore, "getDagVersion">;
}

/** Why no scheduler can load a run; `undefined` if it can be loaded. */
export async function whyNotLoadable({ runs, dags }: RunSources, run: DagRun): Promise<string | undefined> {
  if (run.fault !== undefined) return run.fault;
  try {
    await dags.getDagVersion(run.dagVersionId);
  } catch (error) {
    return `the version of its Dag cannot be read: ${messageOf(error)}`;
  }
  try {
    await runs.listTaskInstances(run.team, run.id);
    return undefined;
  } catch (error) {
    return `its task instances cannot be read: ${messageOf(error)}`;
  }
}
