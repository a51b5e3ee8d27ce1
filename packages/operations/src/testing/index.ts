// Base values for tests.

import { UNMAPPED, UNTOUCHED, type DagRun, type SerializedTask, type TaskInstance } from "@memodag/core";

/** A task instance that has ended, with the given fields replaced. */
export function instanceOf(given: Partial<TaskInstance>): TaskInstance {
  return {
    ...UNTOUCHED,
    taskId: "task",
    mapIndex: UNMAPPED,
    state: "success",
    tryNumber: 1,
    maxTries: 1,
    ...given,
  };
}

/** A run that has ended, with the given fields replaced. */
export function runOf(given: Partial<DagRun>): DagRun {
  return {
    id: 1,
    team: "default",
    dagId: "dag",
    runId: "run",
    runType: "manual",
    dagVersionId: 1,
    logicalDate: null,
    dataIntervalStart: null,
    dataIntervalEnd: null,
    conf: {},
    params: {},
    cacheMode: "use",
    state: "success",
    createdAt: 1_000,
    startedAt: 2_000,
    endedAt: 5_000,
    processesSpawned: 0,
    lookups: 1,
    bytesMoved: 0,
    ...given,
  };
}

/** A task of a serialized Dag. */
export function taskOf(taskId: string): SerializedTask {
  return {
    taskId,
    args: [],
    expand: [],
    upstream: [],
    triggerRule: "all_success",
    retries: 0,
    retryDelayMs: 0,
    executionTimeoutMs: null,
    pool: "default",
    poolSlots: 1,
    priorityWeight: 1,
    cache: null,
    sourceHash: "0".repeat(64),
  };
}

export { chain, NAMES } from "./hostile-graph.ts";
export { mermaidText } from "../dags/graph/mermaid-text.ts";
export { plainLabel } from "../dags/graph/plain-label.ts";
