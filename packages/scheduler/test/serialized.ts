// Serialized Dags for tests, with everything at its default but what a test is about.

import { SERIALIZED_DAG_FORMAT, sha256, type SerializedDag, type SerializedTask } from "@memodag/core";

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
    sourceHash: sha256(`source of ${taskId}`),
    ...own,
  };
}

export function serializedDag(
  tasks: readonly SerializedTask[],
  own: Partial<SerializedDag> = {},
): SerializedDag {
  return {
    format: SERIALIZED_DAG_FORMAT,
    dagId: "dag",
    description: null,
    schedule: null,
    timezone: "UTC",
    catchup: false,
    maxActiveRuns: 16,
    maxActiveTasks: 16,
    maxMapLength: 10_000,
    params: {},
    tags: [],
    cache: true,
    artifactDigest: sha256("artifact"),
    packages: [],
    tasks,
    ...own,
  };
}
