// Decides the outcome of an attempt from the events of its worker. A pure function.

import {
  formatDuration,
  formatSize,
  type Attempt,
  type AttemptOutcome,
  type ErrorCode,
  type StoredError,
} from "@memodag/core";
import type { ProcessEnd } from "./worker-process.ts";

/** Everything known when a worker has ended. */
export interface AttemptEnd {
  /** Why the executor terminated it; `null` if it did not. */
  readonly stoppedBy: StoredError | null;
  /** The outcome that the worker reported, if any. */
  readonly reported: AttemptOutcome | null;
  readonly process: ProcessEnd;
  /** True if the process reported that its JavaScript heap was full. */
  readonly isOutOfMemory: boolean;
  /** Milliseconds since the process was started. */
  readonly elapsedMs: number;
}

/**
 * Returns the outcome of the attempt. A decision of the executor overrides what the worker reported after
 * it.
 */
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
          "find out by what; a system that is out of memory uses SIGKILL",
      ),
      end.elapsedMs,
    );
  }
  return failure(
    namedError(
      "task_exited",
      `The process of ${nameOf(attempt)} exited with code ${code} before its handler returned: ` +
        "return a value or throw an error instead of calling process.exit(), and see the log",
    ),
    end.elapsedMs,
  );
}

/** A failure that may be retried. */
export function failure(error: StoredError, durationMs: number): Extract<AttemptOutcome, { kind: "failed" }> {
  return { kind: "failed", error, durationMs, retryable: true };
}

/** The error of an attempt that timed out. */
export function timeoutError(attempt: Attempt, timeoutMs: number): StoredError {
  if (attempt.callback) {
    return namedError(
      "callback_failed",
      `The ${attempt.callback.event} callback of ${nameOf(attempt)} ran longer than [scheduler] callback_timeout of ` +
        `${formatDuration(timeoutMs)}: reduce its work, or raise the limit`,
    );
  }
  return namedError(
    "task_timeout",
    `${nameOf(attempt)} ran longer than its executionTimeout of ${formatDuration(timeoutMs)}: ` +
      "raise it or reduce the task's work",
  );
}

function memoryError(attempt: Attempt): StoredError {
  const { memoryBytes } = attempt;
  const limit = memoryBytes === undefined ? "" : ` of ${formatSize(memoryBytes)}`;
  return namedError(
    "task_out_of_memory",
    `The process of ${nameOf(attempt)} ran out of memory: its JavaScript heap reached its limit${limit}. Keep ` +
      'less data in memory, or raise the limit: the task\'s option memory: "8GB", or for all tasks [worker] ' +
      'node_options = "--max-old-space-size=8192" in the config',
  );
}

/** The error of an attempt whose process was stopped for too long. */
export function heartbeatError(attempt: Attempt, timeoutMs: number): StoredError {
  return namedError(
    "task_heartbeat_lost",
    `The process of ${nameOf(attempt)} made no progress for ${formatDuration(timeoutMs)} because it was ` +
      "stopped by a signal, and was killed: find out what sends SIGSTOP, or raise heartbeat_timeout",
  );
}

/** The error of an attempt whose worker could not be started or violated the protocol. */
export function workerError(attempt: Attempt, message: string): StoredError {
  return namedError("worker_failed", `No worker could run ${nameOf(attempt)}: ${message}`);
}

/** The error of an attempt that was terminated by a shutdown of the executor. */
export function shutdownError(attempt: Attempt): StoredError {
  return namedError(
    "attempt_lost",
    `${nameOf(attempt)} was terminated because its executor shut down: it can be retried`,
  );
}

/** The name of an attempt's task instance, for messages: `penguins.train[2]`. */
export function nameOf(attempt: Attempt): string {
  const name = `${attempt.dagId}.${attempt.taskId}`;
  return attempt.mapIndex < 0 ? name : `${name}[${attempt.mapIndex}]`;
}

function namedError(code: ErrorCode, message: string): StoredError {
  return { code, message };
}
