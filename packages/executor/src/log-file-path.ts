// Where the log of an attempt lies.

import { join } from "node:path";
import { sha256 } from "@memodag/core";

/** Which attempt. */
export interface AttemptName {
  readonly team: string;
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
}

/** File names may have 255 bytes on the systems in use; the label in front takes some of them. */
const LONGEST_NAME = 200;

/**
 * The log file of an attempt, below `logsDir`. Whatever the ids are, they select no other folder and
 * two attempts never share a file.
 */
export function logFilePath(logsDir: string, attempt: AttemptName): string {
  return join(
    logsDir,
    `team=${safeName(attempt.team)}`,
    `dag_id=${safeName(attempt.dagId)}`,
    `run_id=${safeName(attempt.runId)}`,
    `task_id=${safeName(attempt.taskId)}`,
    `map_index=${attempt.mapIndex}`,
    `attempt=${attempt.tryNumber}.log`,
  );
}

function safeName(id: string): string {
  // `~` marks a shortened name, so it stands in no other.
  const name = encodeURIComponent(id.toWellFormed()).replaceAll("~", "%7E");
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME)}~${sha256(id).slice(0, 16)}`;
}
