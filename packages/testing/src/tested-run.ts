// The outcome of a run in a test.

import type { Values } from "@memodag/result-cache";
import {
  MemodagError,
  readJson,
  reportReason,
  RETURN_VALUE,
  UNMAPPED,
  type CacheStatus,
  type CallbackEvent,
  type DagRun,
  type DagVersion,
  type JsonValue,
  type ReasonReport,
  type RunStore,
  type StoredError,
  type TaskInstance,
  type TaskInstanceState,
} from "@memodag/core";

/** One task instance. */
export interface TestedTask extends ReasonReport {
  readonly taskId: string;
  /** -1 for a task that is not mapped. */
  readonly mapIndex: number;
  readonly state: TaskInstanceState;
  /** `null`: the cache was not asked. */
  readonly cacheStatus: CacheStatus | null;
  readonly cacheKey: string | null;
  /** Number of attempts including retries; 0 for a hit. */
  readonly tryNumber: number;
  /** The returned value; `undefined` if the task did not succeed. */
  readonly returned: JsonValue | undefined;
  /** All its XComs; the returned value is `return_value`. */
  readonly xcoms: Readonly<Record<string, JsonValue>>;
  readonly error: StoredError | null;
  /** The error object that the handler threw, with its stack. */
  readonly thrown: unknown;
}

/** A callback that was called. */
export interface CalledCallback {
  readonly taskId: string;
  /** -1 for a task that is not mapped. */
  readonly mapIndex: number;
  readonly event: CallbackEvent;
  /** The error that it threw. It does not affect the task. */
  readonly thrown: unknown;
}

/** A run that has ended. */
export interface TestedRun {
  readonly runId: string;
  readonly state: "success" | "failed";
  /** In the Dag's order, then by mapIndex. */
  readonly tasks: readonly TestedTask[];
  /** States by `task` or `task[mapIndex]`. */
  readonly states: Readonly<Record<string, TaskInstanceState>>;
  /** In the order in which they ended. */
  readonly callbacks: readonly CalledCallback[];
  /** Cache statuses by `task` or `task[mapIndex]`. */
  readonly cacheStatuses: Readonly<Record<string, CacheStatus | null>>;
  /** @throws MemodagError `task_not_found` if the run has no such instance */
  task(taskId: string, mapIndex?: number): TestedTask;
}

/** Facts about a run that are not stored. */
export interface RunTraces {
  readonly called: readonly CalledCallback[];
  /** Returns the error that the latest attempt of an instance threw. */
  thrownBy(taskId: string, mapIndex: number): unknown;
}

/** Reads a run that has ended. */
export async function readTestedRun(
  { runs, values }: { readonly runs: RunStore; readonly values: Values },
  { dag }: DagVersion,
  run: DagRun,
  traces: RunTraces,
): Promise<TestedRun> {
  const order = new Map(dag.tasks.map(({ taskId }, index) => [taskId, index]));
  const placeOf = ({ taskId }: TaskInstance): number => order.get(taskId) ?? 0;
  const instances = (await runs.listTaskInstances(run.team, run.id)).toSorted(
    (a, b) => placeOf(a) - placeOf(b) || a.mapIndex - b.mapIndex,
  );
  const xcoms = await runs.listXComs(run.team, run.id);
  const bytes = await values.read(run.team, xcoms);
  const valuesOf = ({ taskId, mapIndex }: TaskInstance): Record<string, JsonValue> =>
    Object.fromEntries(
      xcoms
        .filter((xcom) => xcom.taskId === taskId && xcom.mapIndex === mapIndex)
        .map(({ key, digest }) => [key, readJson(bytes.get(digest) ?? new Uint8Array())]),
    );
  const tasks = instances.map((instance): TestedTask => {
    const { taskId, mapIndex, state, cacheStatus, cacheReason, cacheKey, tryNumber, error } = instance;
    const left = valuesOf(instance);
    const thrown = traces.thrownBy(taskId, mapIndex);
    const returned = left[RETURN_VALUE];
    return {
      taskId,
      mapIndex,
      state,
      cacheStatus,
      ...reportReason(cacheReason),
      cacheKey,
      tryNumber,
      returned,
      xcoms: left,
      error,
      thrown,
    };
  });
  return {
    runId: run.runId,
    state: run.state === "success" ? "success" : "failed",
    tasks,
    callbacks: [...traces.called],
    states: Object.fromEntries(tasks.map((task) => [nameOf(task), task.state])),
    cacheStatuses: Object.fromEntries(tasks.map((task) => [nameOf(task), task.cacheStatus])),
    task: (taskId, mapIndex = UNMAPPED) => getTask(tasks, taskId, mapIndex),
  };
}

function getTask(tasks: readonly TestedTask[], taskId: string, mapIndex: number): TestedTask {
  const found = tasks.find((task) => task.taskId === taskId && task.mapIndex === mapIndex);
  if (found) return found;
  throw new MemodagError(
    "task_not_found",
    `The run has no task ${nameOf({ taskId, mapIndex })}: it has ${tasks.map(nameOf).join(", ")}`,
    { fields: { taskId, mapIndex } },
  );
}

function nameOf({ taskId, mapIndex }: Pick<TestedTask, "taskId" | "mapIndex">): string {
  return mapIndex === UNMAPPED ? taskId : `${taskId}[${mapIndex}]`;
}
