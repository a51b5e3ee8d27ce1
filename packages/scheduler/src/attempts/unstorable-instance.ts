// Decides the outcome of an instance whose data the database rejects. Functions of values.

import {
  UNTOUCHED,
  type ErrorCode,
  type StoredError,
  type TaskInstance,
  type TaskInstanceWrite,
  type UnstorableInstance,
} from "@memodag/core";

const LONGEST_REASON = 500;

/**
 * Returns the row that replaces the one that cannot be written: failed and not retried, since a retry would
 * give the same result. An instance that the cache answered runs without the cache instead, since its author
 * is owed a result.
 */
export function setAside(
  { instance, leaves }: TaskInstanceWrite,
  { reason }: UnstorableInstance,
  now: number,
): TaskInstanceWrite {
  const { taskId, mapIndex, tryNumber, maxTries, startedAt } = instance;
  // No other column of the row is known to be storable.
  const bare: TaskInstance = { ...UNTOUCHED, taskId, mapIndex, maxTries, tryNumber };
  if (instance.cacheStatus === "hit") {
    const cacheReason = { code: "result_not_storable", detail: { what: shortened(reason) } } as const;
    return { instance: { ...bare, state: "scheduled", cacheStatus: "lookup_failure", cacheReason }, leaves };
  }
  return {
    instance: {
      ...bare,
      state: "failed",
      cacheStatus: instance.cacheStatus,
      startedAt,
      endedAt: now,
      durationMs: startedAt === null ? null : now - startedAt,
      error: unstorableError(reason),
    },
    leaves,
  };
}

/** The failure of a task whose result the database refuses. */
export function unstorableError(reason: string): StoredError {
  return {
    code: "result_not_storable" satisfies ErrorCode,
    message:
      `The database rejected the result of the task (${shortened(reason)}): return less, or write it to a ` +
      "file or a store of your own and return its location; the keys of pushed values must be short and distinct",
  };
}

function shortened(reason: string): string {
  return reason.length > LONGEST_REASON ? `${reason.slice(0, LONGEST_REASON)}…` : reason;
}
