// Reads the log files of attempts.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "@memodag/config";
import type { DagRun, TaskInstance } from "@memodag/core";
import { logFilePath } from "@memodag/executor";
import { shownInstance } from "../output/units.ts";

/** The log of one attempt. */
export interface AttemptLog {
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
  /** `null` when there is no file. */
  readonly text: string | null;
  /** Why there is no text. */
  readonly note: string | null;
}

/** The folder of all logs. */
export function logsDirOf(config: Config): string {
  return join(config.core.stateDir, "logs");
}

/** The logs of the latest attempts, or of attempt `tryNumber`, at each instance. */
export async function readAttemptLogs(
  config: Config,
  run: DagRun,
  instances: readonly TaskInstance[],
  tryNumber: number | undefined,
): Promise<AttemptLog[]> {
  return await Promise.all(
    instances.map(async ({ taskId, mapIndex, ...instance }) => {
      const attempt = { taskId, mapIndex, tryNumber: tryNumber ?? instance.tryNumber };
      const path = logFilePath(logsDirOf(config), {
        team: run.team,
        dagId: run.dagId,
        runId: run.runId,
        ...attempt,
      });
      const text = await readIfThere(path);
      const note = text === null ? whyNoLog({ ...instance, taskId, mapIndex }, path) : null;
      return { ...attempt, text, note };
    }),
  );
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function whyNoLog(instance: TaskInstance, path: string): string {
  const name = shownInstance(instance.taskId, instance.mapIndex);
  if (instance.cacheStatus === "hit") {
    return `${name} was a cache hit, so no process ran; run ${instance.producer?.runId} produced its result.`;
  }
  if (instance.tryNumber === 0) return `${name} is ${instance.state}: no attempt has begun.`;
  return `${name} has no log at ${path}.`;
}
