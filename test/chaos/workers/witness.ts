// What the bodies of tasks noted of themselves, past memodag: one line each time that one begins and ends.

import { readFileSync } from "node:fs";

/** A line. */
export interface WitnessLine {
  readonly what: "begun" | "ended";
  /** `null`: the task is cached, and must not know it. */
  readonly attemptId: string | null;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly tryNumber: number;
  /** The name of the host that it ran on. */
  readonly host: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Of a reader: the ids that it got as values, in order. */
  readonly saw: readonly string[] | undefined;
}

/** Reads a file of lines. @throws Error for a line that is none */
export function readWitness(path: string): WitnessLine[] {
  // The last line is being written, or empty.
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => parseLine(line));
}

const LOG =
  /hosts\/(?<host>[^/]+)\/.*run_id=(?<runId>[^/]+)\/task_id=(?<taskId>[^/]+)\/map_index=(?<mapIndex>-?\d+)\/attempt=(?<tryNumber>\d+)\.log/;

function parseLine(line: string): WitnessLine {
  const { log, ...rest } = JSON.parse(line) as Pick<WitnessLine, "what" | "attemptId" | "at" | "saw"> & {
    readonly log: string;
  };
  const found = LOG.exec(log)?.groups;
  if (!found) throw new Error(`a witness that is no attempt of a host: ${line}`);
  const { host = "", runId = "", taskId = "", mapIndex, tryNumber } = found;
  return {
    ...rest,
    host,
    runId: decodeURIComponent(runId),
    taskId: decodeURIComponent(taskId),
    mapIndex: Number(mapIndex),
    tryNumber: Number(tryNumber),
  };
}
