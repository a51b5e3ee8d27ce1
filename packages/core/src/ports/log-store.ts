// Logs of attempts. Implemented by files; workers on other machines send theirs here.

import type { Attempt } from "./executor.ts";

/** Identifies the log of an attempt; a callback's log goes on where that of its task's attempt ends. */
export type AttemptName = Pick<Attempt, "team" | "dagId" | "runId" | "taskId" | "mapIndex" | "tryNumber">;

/** Identifies the logs of all attempts of a run. */
export type LoggedRun = Pick<AttemptName, "team" | "dagId" | "runId">;

/** How many logs, and their bytes. */
export interface LogAmount {
  readonly count: number;
  readonly sizeBytes: number;
}

/** The logs of one run. */
export interface RunLogs extends LogAmount, RunLogPlaces {
  /** The last change, in milliseconds since the Unix epoch. */
  readonly changedAt: number;
}

/** Where logs are, to tell them apart: strings of the store. */
export interface RunLogPlaces {
  readonly run: string;
  /** Of all runs of its Dag. */
  readonly dag: string;
}

/** Part of a log, in bytes from its start: `from` to `to`, which is not included. Default: to the end. */
export interface LogRange {
  readonly from?: number;
  readonly to?: number;
}

/** How a log is followed. */
export interface LogTail {
  /** Begins with the last lines. Default: at the start. */
  readonly lastLines?: number | undefined;
  /** Resolves to true when nothing more will be written. Default: the log is read once. */
  readonly isOver?: (() => Promise<boolean>) | undefined;
}

/**
 * Keeps what attempts print. The contract is exported as tests by `@memodag/executor/testing`.
 *
 * A store that fails loses lines and nothing else: no attempt fails because its log cannot be written.
 */
export interface LogStore {
  /** Adds bytes to the end of a log, which begins with them if there was none. */
  append(attempt: AttemptName, chunk: Uint8Array): Promise<void>;
  /** Size in bytes; undefined if there is no such log. */
  size(attempt: AttemptName): Promise<number | undefined>;
  /** Returns what there is of a log now, in pieces; nothing if there is no such log. */
  read(attempt: AttemptName, range?: LogRange): AsyncIterable<Uint8Array>;
  /**
   * Returns the text of a log, in pieces that end between characters, as it is written. A log that does not exist is
   * empty, and waited for if it is followed.
   */
  tail(attempt: AttemptName, part?: LogTail): AsyncIterable<string>;
  /** Returns how much a run's attempts have logged. */
  measure(run: LoggedRun): Promise<LogAmount>;
  /** Deletes the logs of a run that has ended. Returns how much there was; nothing if there is none. */
  remove(run: LoggedRun): Promise<LogAmount>;
  /** Lists the logs that there are, run by run, in any order. */
  scan(): AsyncIterable<RunLogs>;
  /** Returns where the logs of a run are, or would be. */
  placesOf(run: LoggedRun): RunLogPlaces;
  /** Deletes the logs of a run by their place. */
  discard(logs: RunLogPlaces): Promise<void>;
  /** Returns the place of a log, for messages: a path or a URL. */
  placeOf(attempt: AttemptName): string;
}
