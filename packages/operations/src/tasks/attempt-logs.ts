// Finds the log files of attempts. What is in them is streamed, see `log-file.ts`: it may be larger than memory.

import { existsSync } from "node:fs";
import { instanceName, type DagRun, type TaskInstance } from "@memodag/core";
import { logFilePath } from "@memodag/executor";

/** Where the log of one attempt is. */
export interface AttemptLogPlace {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
  readonly path: string;
  /** Why there is no file; `null` when there is one. */
  readonly note: string | null;
}

/** The logs of the latest attempts, or of attempt `tryNumber`, at each instance. */
export function findAttemptLogs(
  logsDir: string,
  run: DagRun,
  instances: readonly TaskInstance[],
  tryNumber: number | undefined,
): AttemptLogPlace[] {
  return instances.map((instance) => {
    const { taskId, mapIndex } = instance;
    const attempt = { taskId, mapIndex, tryNumber: tryNumber ?? instance.tryNumber };
    const { team, dagId, runId } = run;
    const path = logFilePath(logsDir, { team, dagId, runId, ...attempt });
    return { ...attempt, path, note: existsSync(path) ? null : whyNoLog(instance, path) };
  });
}

function whyNoLog(instance: TaskInstance, path: string): string {
  const name = instanceName(instance.taskId, instance.mapIndex);
  if (instance.cacheStatus === "hit") {
    return `${name} was a cache hit, so no process ran; run ${instance.producer?.runId} produced its result.`;
  }
  if (instance.tryNumber === 0) return `${name} is ${instance.state}: no attempt has begun.`;
  return `${name} has no log at ${path}.`;
}
