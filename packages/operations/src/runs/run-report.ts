// The outcome of a run in the form that `dags run --json` and `runs show --json` print.

import {
  CACHE_STATUSES,
  reportReason,
  UNMAPPED,
  type CacheStatus,
  type DagRun,
  type DagRunState,
  type ReasonReport,
  type RunCacheLimits,
  type RunSelection,
  type SerializedTask,
  type StoredError,
  type StoredInstance,
  type TaskInstanceState,
} from "@memodag/core";
import type { TransactionReport } from "./transaction-report.ts";

/** One task instance of a run. Durations are milliseconds. */
export interface TaskReport extends ReasonReport {
  readonly taskId: string;
  /** -1 for a task that is not mapped. */
  readonly mapIndex: number;
  readonly state: TaskInstanceState;
  readonly tryNumber: number;
  readonly cacheStatus: CacheStatus | null;
  readonly cacheKey: string | null;
  /** Where its latest attempt runs or ran; `null`: nowhere. */
  readonly worker: string | null;
  readonly durationMs: number | null;
  readonly savedMs: number | null;
  readonly error: StoredError | null;
  /** The revision of the run that last changed it; 0 if none has. */
  readonly revision: number;
}

/** A run and its task instances. Durations are milliseconds. */
export interface RunReport {
  readonly dagId: string;
  readonly runId: string;
  readonly state: DagRunState;
  /** Number of changes to the run or its instances so far. */
  readonly revision: number;
  /** The tasks that run; `null`: all. */
  readonly selection: RunSelection | null;
  /** Which hits it takes; `null`: what its tasks say. */
  readonly cacheLimits: RunCacheLimits | null;
  /** `null` until the run has ended. */
  readonly durationMs: number | null;
  readonly processesSpawned: number;
  /** Bytes of entries that its tasks read from or wrote to byte stores. */
  readonly bytesMoved: number;
  /** Round trips to the cache. */
  readonly lookups: number;
  /** The number of instances by cache status, and the time that hits saved. */
  readonly cache: Readonly<Record<CacheStatus | "savedMs", number>>;
  /** In the Dag's order. */
  readonly tasks: readonly TaskReport[];
  /** In the Dag's order. */
  readonly transactions: readonly TransactionReport[];
}

/** Builds a run's report; tasks that have no instance yet appear as `none`. */
export function reportRun(
  run: DagRun,
  instances: readonly StoredInstance[],
  tasks: readonly SerializedTask[],
  transactions: readonly TransactionReport[],
): RunReport {
  const reports = inDagOrder(instances, tasks);
  const countOf = (status: CacheStatus) => reports.filter(({ cacheStatus }) => cacheStatus === status).length;
  const counts = Object.fromEntries(CACHE_STATUSES.map((status) => [status, countOf(status)]));
  return {
    dagId: run.dagId,
    runId: run.runId,
    state: run.state,
    revision: run.revision,
    selection: run.selection ?? null,
    cacheLimits: run.cacheLimits ?? null,
    durationMs: run.endedAt === null || run.startedAt === null ? null : run.endedAt - run.startedAt,
    processesSpawned: run.processesSpawned,
    bytesMoved: run.bytesMoved,
    lookups: run.lookups,
    cache: {
      ...(counts as Record<CacheStatus, number>),
      savedMs: reports.reduce((sum, { savedMs }) => sum + (savedMs ?? 0), 0),
    },
    tasks: reports,
    transactions,
  };
}

function inDagOrder(instances: readonly StoredInstance[], tasks: readonly SerializedTask[]): TaskReport[] {
  const byTask = Map.groupBy(instances, ({ taskId }) => taskId);
  const known = tasks.flatMap(({ taskId }) => {
    const ofTask = byTask.get(taskId) ?? [];
    byTask.delete(taskId);
    return ofTask.length === 0 ? [notYet(taskId)] : ofTask.toSorted(byMapIndex).map(reportTask);
  });
  // Tasks of an earlier version of the Dag that no longer exist.
  const others = [...byTask.values()].flatMap((ofTask) => ofTask.toSorted(byMapIndex).map(reportTask));
  return [...known, ...others];
}

function byMapIndex(a: StoredInstance, b: StoredInstance): number {
  return a.mapIndex - b.mapIndex;
}

/** Reports the current state of an instance. */
export function reportTask(instance: StoredInstance): TaskReport {
  return {
    taskId: instance.taskId,
    mapIndex: instance.mapIndex,
    state: instance.state,
    tryNumber: instance.tryNumber,
    cacheStatus: instance.cacheStatus,
    ...reportReason(instance.cacheReason),
    cacheKey: instance.cacheKey,
    worker: instance.worker,
    durationMs: instance.durationMs,
    savedMs: instance.savedMs,
    error: instance.error,
    revision: instance.revision,
  };
}

function notYet(taskId: string): TaskReport {
  return {
    taskId,
    mapIndex: UNMAPPED,
    state: "none",
    tryNumber: 0,
    cacheStatus: null,
    ...reportReason(null),
    cacheKey: null,
    worker: null,
    durationMs: null,
    savedMs: null,
    error: null,
    revision: 0,
  };
}
