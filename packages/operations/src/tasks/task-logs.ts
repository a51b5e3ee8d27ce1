// Reads the logs of attempts: completed ones, or one that is being written.

import { isTerminal, MemodagError, type DagRun, type RunStore, type TaskInstance } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { getRun, type RunName } from "../runs/find-run.ts";
import { attemptName, findAttemptLog } from "./attempt-logs.ts";
import { getInstance, listInstancesOf } from "./find-instance.ts";
import type { InstanceName } from "./instance-name.ts";

/** Selects logs, and a part of them. */
export interface TaskLogsInput extends RunName {
  /** Without it, of all tasks. */
  readonly taskId?: string | undefined;
  /** One instance of a mapped task. */
  readonly mapIndex?: number | undefined;
  /** An attempt other than the latest. */
  readonly tryNumber?: number | undefined;
  /** Only the last lines. */
  readonly lastLines?: number | undefined;
}

/** The log of one attempt; its text is read in pieces, since it may be larger than memory. */
export interface TaskLog {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
  /** Why there is no log; `null` if there is one. */
  readonly note: string | null;
  readonly text: AsyncIterable<string>;
}

/**
 * The log of the latest or the requested attempt of each instance.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`, `task_not_found`.
 */
export async function readTaskLogs(
  { stores, logs }: OperationContext,
  { taskId, mapIndex, tryNumber, lastLines, ...name }: TaskLogsInput,
): Promise<TaskLog[]> {
  const run = await getRun(stores, name);
  const instances =
    taskId === undefined
      ? await listAll(stores.runs, run)
      : await listInstancesOf(stores.runs, run, taskId, mapIndex);
  const found: TaskLog[] = [];
  for (const instance of instances) {
    const attempt = attemptName(run, instance, tryNumber);
    const { note } = await findAttemptLog(logs, attempt, instance);
    const { taskId: id, mapIndex: index, tryNumber: number } = attempt;
    found.push({
      taskId: id,
      mapIndex: index,
      tryNumber: number,
      note,
      text: logs.tail(attempt, { lastLines }),
    });
  }
  return found;
}

/** In the order in which they started. */
async function listAll(runs: RunStore, run: DagRun): Promise<TaskInstance[]> {
  const all = await runs.listTaskInstances(run.team, run.id);
  return all.toSorted((a, b) => (a.startedAt ?? Infinity) - (b.startedAt ?? Infinity) || 0);
}

/**
 * Whether a task has one instance in a run, or one is selected, so that there is one log to follow.
 * @throws MemodagError as {@link readTaskLogs}.
 */
export async function isOneInstance(
  { stores }: OperationContext,
  { taskId, mapIndex, ...name }: InstanceName,
): Promise<boolean> {
  if (mapIndex !== undefined) return true;
  const run = await getRun(stores, name);
  const all = await stores.runs.listTaskInstances(run.team, run.id);
  return all.filter((instance) => instance.taskId === taskId).length === 1;
}

/**
 * Yields what one attempt writes until it has ended or the signal is aborted; waits for an attempt that has
 * not started.
 * @throws MemodagError as {@link readTaskLogs}; `usage` for a mapped task without an index.
 */
export async function* followTaskLog(
  { stores, logs }: OperationContext,
  { taskId, mapIndex, tryNumber, lastLines, ...name }: TaskLogsInput & InstanceName,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const run = await getRun(stores, name);
  const [instance, ...others] = await listInstancesOf(stores.runs, run, taskId, mapIndex);
  if (instance === undefined || others.length > 0) {
    throw new MemodagError(
      "usage",
      "--follow shows one log, as plain output: select one with --map-index, and remove --json",
    );
  }
  const attempt = tryNumber ?? Math.max(1, instance.tryNumber);
  const isOver = async (): Promise<boolean> => {
    if (signal.aborted) return true;
    const now = await getInstance(stores.runs, run, instance.taskId, instance.mapIndex);
    const waits = now.state === "up_for_retry" && now.tryNumber >= attempt;
    return signal.aborted || isTerminal(now.state) || now.tryNumber > attempt || waits;
  };
  yield* logs.tail(attemptName(run, instance, attempt), { lastLines, isOver });
}
