// The names of task instances: for messages, and as keys of maps.

import type { TaskInstanceId } from "./dag-run.ts";

/** The name of an instance in messages: `train`, or `train[2]` when it is mapped. */
export function instanceName(taskId: string, mapIndex: number): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}

/** A key for maps and sets of one run's instances; different for any two of them. */
export function instanceKey({ taskId, mapIndex }: TaskInstanceId): string {
  return `${mapIndex}:${taskId}`;
}
