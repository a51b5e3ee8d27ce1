// The context of a callback, and the options that declare callbacks.

import type {
  CallbackEvent,
  CallbackReport,
  JsonValue,
  ReasonReport,
  StoredError,
  TaskEvent,
  TransactionEvent,
  TransactionReport,
} from "@memodag/core";
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
  readonly event: TaskEvent;
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

/**
 * The context passed to a callback of a transaction that has ended.
 *
 * @example
 * ```ts
 * type Staged = { file: string };
 * const remove = ({ returned }: TransactionContext<Staged>) => rm(returned.file);
 * load.task("fetch", fetchRows, { cache: true, onRollback: remove });
 * ```
 */
export interface TransactionContext<Returned = JsonValue> extends Omit<CallbackContext, "event"> {
  readonly event: TransactionEvent;
  /** The result of the task; `null` for a callback of the transaction itself. */
  readonly returned: Returned;
  readonly transaction: TransactionReport;
}

/**
 * The callbacks of a transaction, and of its tasks. They run in a worker process after the transaction has ended, and
 * cannot change how. They are called at least once: after a crash they may be called again.
 */
export interface TransactionCallbacks {
  /**
   * The transaction is committed: its results are stored. Of a task, it is called if the task ran in this run and
   * succeeded.
   */
  onCommit?(context: TransactionContext): unknown;
  /**
   * The transaction is rolled back: its results are not stored. Of a task, it is called if the task ran in this run and
   * succeeded, so that what it did can be undone: the last one first, each after the one before has ended.
   */
  onRollback?(context: TransactionContext): unknown;
}

/** The context of any callback. */
export interface EventContext extends Omit<CallbackContext, "event"> {
  readonly event: CallbackEvent;
  readonly transaction?: TransactionReport;
  readonly returned?: JsonValue;
}

/** A callback of any event: it is called with the context of its event. */
export type AnyCallback = (context: EventContext) => unknown;

/** The option name of each event of a transaction. */
export const TRANSACTION_OPTIONS: Readonly<Record<TransactionEvent, keyof TransactionCallbacks>> = {
  commit: "onCommit",
  rollback: "onRollback",
};

/** The option name of each callback event. */
export const CALLBACK_OPTIONS: Readonly<
  Record<CallbackEvent, keyof TaskCallbacks | keyof TransactionCallbacks>
> = {
  failure: "onFailure",
  retry: "onRetry",
  success: "onSuccess",
  ...TRANSACTION_OPTIONS,
};
