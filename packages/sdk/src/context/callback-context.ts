// What a callback is told, and how it is written.

import type { CallbackEvent, CallbackReport, ReasonReport, StoredError } from "@memodag/core";
import type { TaskContext } from "./task-context.ts";

/** The task instance of a callback, as it stood when its state was committed. */
export type ReportedTaskInstance = TaskContext["taskInstance"] &
  Pick<CallbackReport, "state" | "cacheStatus" | keyof ReasonReport | "durationMs"> & {
    /** When the next attempt may start, as ISO 8601 in UTC; `null` unless it is to be tried again. */
    readonly retryAt: string | null;
  };

/** What a callback is given; {@link getContext} gives the same inside of it. */
export interface CallbackContext extends TaskContext {
  readonly event: CallbackEvent;
  readonly taskInstance: ReportedTaskInstance;
  /** Why the attempt failed; `null` after a success. */
  readonly error: StoredError | null;
}

/**
 * Hears what came of a task. It runs in a worker process after the state was committed, and changes nothing
 * of it, whether it throws, hangs or is killed. After a crash it may be called a second time.
 */
export type TaskCallback = (context: CallbackContext) => unknown;

/** The callbacks of a task. */
export interface TaskCallbacks {
  /** The task succeeded; by a hit, too: `taskInstance.cacheStatus` tells. */
  readonly onSuccess?: TaskCallback;
  /** The task failed, and no other attempt follows. */
  readonly onFailure?: TaskCallback;
  /** An attempt failed, and another one follows. */
  readonly onRetry?: TaskCallback;
}

/** The option that a callback is written under, by what it hears of. */
export const CALLBACK_OPTIONS: Readonly<Record<CallbackEvent, keyof TaskCallbacks>> = {
  failure: "onFailure",
  retry: "onRetry",
  success: "onSuccess",
};
