// Shows a task instance with its tries.

import type { OperationContext } from "../context.ts";
import { getRun } from "../runs/find-run.ts";
import { reportAttempt, type AttemptReport } from "../runs/list-attempts.ts";
import { reportInstance, type InstanceReport } from "../runs/run-instances.ts";
import { getInstance } from "./find-instance.ts";
import type { InstanceName } from "./instance-name.ts";

/** A task instance with its tries. */
export interface ShownTask extends InstanceReport {
  /** In their order, at most the first hundred; none for a hit. */
  readonly attempts: readonly AttemptReport[];
}

/** Tries that are shown. */
const MOST_TRIES = 100;

/**
 * The only instance of a task, or the one with `mapIndex`, with its tries.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `task_not_found`, `usage`.
 */
export async function showTask(
  { stores }: OperationContext,
  { taskId, mapIndex, ...name }: InstanceName,
): Promise<ShownTask> {
  const run = await getRun(stores, name);
  const found = await getInstance(stores.runs, run, taskId, mapIndex);
  const tries = await stores.views.listTries(run.team, run.id, {
    taskId,
    mapIndex: found.mapIndex,
    limit: MOST_TRIES,
  });
  return { ...reportInstance(found), attempts: tries.map(reportAttempt) };
}
