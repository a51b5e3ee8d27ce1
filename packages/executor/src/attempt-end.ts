// Decides how an attempt ended from what was heard of its worker. A function of values.

import {
  formatDuration,
  formatSize,
  type Attempt,
  type AttemptOutcome,
  type ErrorCode,
  type StoredError,
} from "@memodag/core";
import type { ProcessEnd } from "./worker-process.ts";

/** All that is known when a worker is gone. */
export interface AttemptEnd {
  /** Why the executor ended it; `null`: it did not. */
  readonly stoppedBy: StoredError | null;
  /** What the worker reported, if it came to that. */
  readonly reported: AttemptOutcome | null;
  readonly process: ProcessEnd;
  /** The process said that its JavaScript heap was full. */
  readonly isOutOfMemory: boolean;
  /** Milliseconds since the process was started. */
  readonly elapsedMs: number;
}

/** How the attempt ended. What the executor decided outweighs what the worker said after it. */
export function decideOutcome(attempt: Attempt, end: AttemptEnd): AttemptOutcome {
  if (end.stoppedBy) return failure(end.stoppedBy, end.elapsedMs);
  if (end.reported) return end.reported;
  const { code, signal } = end.process;
  if (end.isOutOfMemory) return failure(memoryError(attempt), end.elapsedMs);
  if (signal !== null) {
    return failure(
      namedError(
        "task_killed",
        `The process of ${nameOf(attempt)} was killed by ${signal}, not by memodag: ` +
          "see who did; a system short of memory does it with SIGKILL",
      ),
      end.elapsedMs,
    );
  }
  return failure(
    namedError(
      "task_exited",
      `The process of ${nameOf(attempt)} exited with code ${code} before its handler returned: ` +
        "return a value or throw an error in place of process.exit(), and see the log",
    ),
    end.elapsedMs,
  );
}

/** A failure that may be tried again. */
export function failure(error: StoredError, durationMs: number): AttemptOutcome {
  return { kind: "failed", error, durationMs, retryable: true };
}

/** The error of an attempt that ran out of time. */
export function timeoutError(attempt: Attempt, timeoutMs: number): StoredError {
  if (attempt.callback) {
    return namedError(
      "callback_failed",
      `The ${attempt.callback.event} callback of ${nameOf(attempt)} ran longer than [scheduler] callback_timeout of ` +
        `${formatDuration(timeoutMs)}: give it less to do, or raise the limit`,
    );
  }
  return namedError(
    "task_timeout",
    `${nameOf(attempt)} ran longer than its executionTimeout of ${formatDuration(timeoutMs)}: ` +
      "raise it or give the task less to do",
  );
}

function memoryError(attempt: Attempt): StoredError {
  const { memoryBytes } = attempt;
  const limit = memoryBytes === undefined ? "" : ` of ${formatSize(memoryBytes)}`;
  return namedError(
    "task_out_of_memory",
    `The process of ${nameOf(attempt)} ran out of memory: its JavaScript heap reached its limit${limit}. Let it keep ` +
      'less in memory, or raise the limit: the task\'s option memory: "8GB", or for all tasks [worker] ' +
      'node_options = "--max-old-space-size=8192" in the config',
  );
}

/** The error of an attempt whose worker gave no sign of life. */
export function heartbeatError(attempt: Attempt, timeoutMs: number): StoredError {
  return namedError(
    "task_heartbeat_lost",
    `The process of ${nameOf(attempt)} gave no sign of life for ${formatDuration(timeoutMs)}, since it was ` +
      "stopped by a signal, and was killed: see who sends SIGSTOP, or raise heartbeat_timeout",
  );
}

/** The error of an attempt whose worker could not be started or does not keep to the protocol. */
export function workerError(attempt: Attempt, message: string): StoredError {
  return namedError("worker_failed", `No worker could run ${nameOf(attempt)}: ${message}`);
}

/** The error of an attempt that the executor's own end cut short. */
export function shutdownError(attempt: Attempt): StoredError {
  return namedError(
    "attempt_lost",
    `${nameOf(attempt)} was ended because its executor shut down: it can be tried again`,
  );
}

/** The task instance of an attempt, for people: `penguins.train[2]`. */
export function nameOf(attempt: Attempt): string {
  const name = `${attempt.dagId}.${attempt.taskId}`;
  return attempt.mapIndex < 0 ? name : `${name}[${attempt.mapIndex}]`;
}

function namedError(code: ErrorCode, message: string): StoredError {
  return { code, message };
}
