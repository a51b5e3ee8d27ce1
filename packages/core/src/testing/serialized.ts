// Serialized Dags and tasks for tests, with everything at its default but what a test is about.

import { SERIALIZED_DAG_FORMAT, type SerializedDag, type SerializedTask } from "../serialized-dag.ts";

/** A task, with the given fields replaced. */
export function serializedTask(taskId: string, own: Partial<SerializedTask> = {}): SerializedTask {
  return {
    taskId,
    args: [],
    expand: [],
    upstream: [],
    triggerRule: "all_success",
    retries: 0,
    retryDelayMs: 0,
    executionTimeoutMs: null,
    pool: "default_pool",
    poolSlots: 1,
    priorityWeight: 1,
    cache: null,
    sourceHash: "0".repeat(64),
    ...own,
  };
}

/** A Dag without tasks, with the given fields replaced. */
export function serializedDag(dagId: string, own: Partial<SerializedDag> = {}): SerializedDag {
  return {
    format: SERIALIZED_DAG_FORMAT,
    dagId,
    description: null,
    schedule: null,
    timezone: "UTC",
    catchup: false,
    maxActiveRuns: 16,
    maxActiveTasks: 16,
    maxMapLength: 1024,
    params: {},
    tags: [],
    cache: true,
    artifactDigest: "0".repeat(64),
    packages: [],
    tasks: [],
    ...own,
  };
}
