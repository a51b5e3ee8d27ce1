// The paths of attempts' logs.

import { join } from "node:path";
import { sha256, type AttemptName, type LoggedRun } from "@memodag/core";

/** File names are limited to 255 bytes on common systems; the prefix takes some of them. */
const LONGEST_NAME = 200;

/** Returns the folder of a run's logs, which is inside `logsDir`. */
export function logFolderPath(logsDir: string, { team, dagId, runId }: LoggedRun): string {
  return join(logsDir, `team=${safeName(team)}`, `dag_id=${safeName(dagId)}`, `run_id=${safeName(runId)}`);
}

/**
 * Returns the log file of an attempt, below `logsDir`. Whatever the ids, it is inside that folder and
 * unique to the attempt.
 */
export function logFilePath(logsDir: string, attempt: AttemptName): string {
  return join(
    logFolderPath(logsDir, attempt),
    `task_id=${safeName(attempt.taskId)}`,
    `map_index=${attempt.mapIndex}`,
    `attempt=${attempt.tryNumber}.log`,
  );
}

function safeName(id: string): string {
  // `~` marks a shortened name, so it is escaped in others.
  const name = encodeURIComponent(id.toWellFormed()).replaceAll("~", "%7E");
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME)}~${sha256(id).slice(0, 16)}`;
}
