// Shows a run with its tasks.

import { listInterruptedRuns } from "@memodag/scheduler";
import type { OperationContext } from "../context.ts";
import { getRun, type RunName } from "./find-run.ts";
import { reportRun, type RunReport } from "./run-report.ts";
import { reportTransactions } from "./transaction-report.ts";
import { whyNotLoadable } from "./why-not-loadable.ts";

/** A run and its current state. */
export interface ShownRun extends RunReport {
  /** It was started, and no process works on it. */
  readonly isInterrupted?: true;
  /** Why no scheduler can load it; the other fields contain what can be read. */
  readonly fault?: string;
}

/**
 * A run with its task instances.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`.
 */
export async function showRun({ stores }: OperationContext, name: RunName): Promise<ShownRun> {
  const { runs, dags } = stores;
  const run = await getRun(stores, name);
  const { team, dagId, id } = run;
  const interrupted = await listInterruptedRuns(runs, { team, dagId });
  const fault = await whyNotLoadable(stores, run);
  // If something is damaged, the rest is still shown: the fault explains what is missing.
  const unlessFaulty = async <T>(read: () => Promise<readonly T[]>): Promise<readonly T[]> =>
    fault === undefined ? await read() : await read().catch(() => []);
  const instances = await unlessFaulty(() => runs.listTaskInstances(team, id));
  const [version] = await unlessFaulty(async () => [await dags.getDagVersion(run.dagVersionId)]);
  const { tasks, transactions } = version?.dag ?? { tasks: [] };
  const ended = await unlessFaulty(() => reportTransactions(runs, run, transactions));
  return {
    ...reportRun(run, instances, tasks, ended),
    ...(interrupted.some((other) => other.id === id) && { isInterrupted: true }),
    ...(fault !== undefined && { fault }),
  };
}
