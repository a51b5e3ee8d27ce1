// Compares stored results of a task whose key leaves something out with results of running it again, in a run for that.

import { MemodagError, type DagVersion, type SerializedTask } from "@memodag/core";
import { isWeakened } from "@memodag/scheduler";
import type { OperationContext } from "../context.ts";
import { getDag } from "../dags/find-dag.ts";
import type { RunRequest } from "../runs/run-request.ts";
import { runToEnd, type FinishedRun, type RunToEndParts } from "../runs/run-to-end.ts";

/** The task, and the inputs of the run. */
export interface RecheckTaskInput extends Pick<RunRequest, "dagId" | "team" | "conf" | "params"> {
  readonly taskId: string;
  /** The number of instances whose hits are compared, at most. */
  readonly sample: number;
}

/** The outcome of comparing. Instances are named by their map index, -1 for a task that is not mapped. */
export interface RecheckedTask {
  readonly dagId: string;
  readonly taskId: string;
  readonly runId: string;
  readonly state: FinishedRun["state"];
  /** Instances that returned the bytes that were stored. */
  readonly same: number;
  /** Those that returned others, whose stored results were removed. */
  readonly differing: readonly number[];
  /** Those that failed: their stored results stay. */
  readonly failed: readonly number[];
  /** Hits that were not compared. */
  readonly hits: number;
}

/**
 * Runs a Dag as far as a task, with hits of so many of its instances compared.
 * @throws MemodagError `usage` for a task of which no hit is ever compared, and as {@link runToEnd}
 */
export async function recheckTask(
  context: OperationContext,
  { taskId, sample, ...request }: RecheckTaskInput,
  parts: RunToEndParts,
): Promise<RecheckedTask> {
  requireRechecked(await getDag(context.stores.dags, request), taskId);
  const cacheLimits = { recheckTask: { taskId, most: sample } };
  const [run] = await runToEnd(context, { ...request, selection: { until: taskId }, cacheLimits }, parts);
  if (!run) throw new Error("a run that was made has no report");
  const own = run.tasks.filter((task) => task.taskId === taskId);
  const compared = own.filter(({ cacheReasonCode }) => cacheReasonCode === "recheck");
  const same = compared.filter(({ state }) => state === "success").length;
  return {
    dagId: run.dagId,
    taskId,
    runId: run.runId,
    state: run.state,
    same,
    differing: indexesOf(own.filter(({ cacheReasonCode }) => cacheReasonCode === "recheck_differs")),
    failed: indexesOf(compared.filter(({ state }) => state !== "success")),
    hits: own.filter(({ cacheStatus }) => cacheStatus === "hit").length,
  };
}

function indexesOf(instances: readonly { readonly mapIndex: number }[]): number[] {
  return instances.map(({ mapIndex }) => mapIndex);
}

/** @throws MemodagError `usage`. A task that does not exist is refused with the run. */
function requireRechecked({ dagId, dag }: DagVersion, taskId: string): void {
  const task = dag.tasks.find((one) => one.taskId === taskId);
  const why = task && whyNever(task, dag.transactions);
  if (why === undefined) return;
  throw new MemodagError("usage", `Task "${taskId}" of Dag "${dagId}" is never rechecked: ${why}`, {
    fields: { dagId, taskId },
  });
}

function whyNever(
  { taskId, cache }: SerializedTask,
  transactions: DagVersion["dag"]["transactions"] = [],
): string | undefined {
  if (!cache) return "it has no cache";
  const around = transactions.find(({ taskIds }) => taskIds.includes(taskId));
  if (around) return `it is in the transaction "${around.transactionId}", whose effects belong together`;
  if (cache.mode === "read") return 'its cache mode is "read", so it stores no result';
  if (!isWeakened(cache)) return "its key leaves nothing out on its author's word";
  return undefined;
}
