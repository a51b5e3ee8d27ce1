// Creates the callback that is due for an instance's outcome, if its author has set one.

import {
  reportReason,
  type CallbackEvent,
  type NewCallback,
  type SerializedTask,
  type TaskInstance,
} from "@memodag/core";

/** `undefined` when the task has no such callback. */
export function newCallback(
  event: CallbackEvent,
  task: SerializedTask,
  row: TaskInstance,
  newId: () => string,
): NewCallback | undefined {
  if (!task.callbacks?.includes(event)) return undefined;
  const { taskId, mapIndex, tryNumber, maxTries, state, cacheStatus, cacheReason, error } = row;
  const { durationMs, retryAt } = row;
  return {
    id: newId(),
    instance: { taskId, mapIndex, tryNumber, maxTries },
    report: {
      event,
      state,
      cacheStatus,
      ...reportReason(cacheReason),
      error: event === "success" ? null : error,
      durationMs,
      retryAt: event === "retry" ? retryAt : null,
    },
  };
}
