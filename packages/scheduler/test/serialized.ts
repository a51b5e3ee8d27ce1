// Serialized Dags for tests, with everything at its default but what a test is about.

import { sha256, type SerializedDag, type SerializedTask } from "@memodag/core";
import * as base from "@memodag/core/testing";

/** A task with code of its own. */
export function serializedTask(taskId: string, own: Partial<SerializedTask> = {}): SerializedTask {
  return base.serializedTask(taskId, { sourceHash: sha256(`source of ${taskId}`), ...own });
}

export function serializedDag(
  tasks: readonly SerializedTask[],
  own: Partial<SerializedDag> = {},
): SerializedDag {
  return base.serializedDag("dag", {
    maxMapLength: 10_000,
    artifactDigest: sha256("artifact"),
    tasks,
    ...own,
  });
}
