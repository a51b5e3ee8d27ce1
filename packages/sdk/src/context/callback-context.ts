// The context of a callback, and the options that declare callbacks.

import type { CallbackEvent, CallbackReport, ReasonReport, StoredError } from "@memodag/core";
import type { TaskContext } from "./task-context.ts";

/** The task instance of a callback, as of the commit of its state. */
export type ReportedTaskInstance = TaskContext["taskInstance"] &
  Pick<CallbackReport, "state" | "cacheStatus" | keyof ReasonReport | "durationMs"> & {
    /** Earliest start of the next attempt, in ISO 8601 UTC. `null` unless there is another attempt. */
    readonly retryAt: string | null;
  };

/**
 * The context passed to a callback. {@link getContext} returns the same object inside the callback.
 */
export interface CallbackContext extends TaskContext {
  readonly event: CallbackEvent;
  readonly taskInstance: ReportedTaskInstance;
  /** Why the attempt failed; `null` after a success. */
  readonly error: StoredError | null;
}

/**
 * Receives the outcome of a task. A callback runs in a worker process after the state was
 * committed. Throwing, hanging or being killed does not change the task's state. It is called at
 * least once: after a crash it may be called again.
 *
 * @example
 * ```ts
 * const alert: TaskCallback = async ({ taskInstance, error }) => {
 *   await postMessage(`${taskInstance.taskId} failed: ${error?.message}`);
 * };
 * dag.task("load", load, { onFailure: alert });
 * ```
 */
export type TaskCallback = (context: CallbackContext) => unknown;

/** The callbacks of a task. */
export interface TaskCallbacks {
  /** The task succeeded, by running or by a cache hit; see `taskInstance.cacheStatus`. */
  readonly onSuccess?: TaskCallback;
  /** The task failed and has no attempts left. */
  readonly onFailure?: TaskCallback;
  /** An attempt failed and another one follows. */
  readonly onRetry?: TaskCallback;
}

/** The option name of each callback event. */
export const CALLBACK_OPTIONS: Readonly<Record<CallbackEvent, keyof TaskCallbacks>> = {
  failure: "onFailure",
  retry: "onRetry",
  success: "onSuccess",
};
