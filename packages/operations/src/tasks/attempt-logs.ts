// Finds the logs of attempts. What is in them is streamed: it may be larger than memory.

import { instanceName, type AttemptName, type DagRun, type LogStore, type TaskInstance } from "@memodag/core";

/** The log of one attempt. */
export interface AttemptLog {
  readonly attempt: AttemptName;
  /** Why there is none; `null` when there is one. */
  readonly note: string | null;
}

/** Which attempt: the latest at an instance, or attempt `tryNumber`. */
export function attemptName(
  { team, dagId, runId }: DagRun,
  instance: TaskInstance,
  tryNumber: number | undefined,
): AttemptName {
  const { taskId, mapIndex } = instance;
  return { team, dagId, runId, taskId, mapIndex, tryNumber: tryNumber ?? instance.tryNumber };
}

/** The log of an attempt at an instance, or why there is none. */
export async function findAttemptLog(
  logs: LogStore,
  attempt: AttemptName,
  instance: TaskInstance,
): Promise<AttemptLog> {
  const isThere = (await logs.size(attempt)) !== undefined;
  return { attempt, note: isThere ? null : whyNoLog(instance, logs.placeOf(attempt)) };
}

function whyNoLog(instance: TaskInstance, place: string): string {
  const name = instanceName(instance.taskId, instance.mapIndex);
  if (instance.cacheStatus === "hit") {
    return `${name} was a cache hit, so no process ran; run ${instance.producer?.runId} produced its result.`;
  }
  if (instance.tryNumber === 0) return `${name} is ${instance.state}: no attempt has begun.`;
  return `${name} has no log at ${place}.`;
}
