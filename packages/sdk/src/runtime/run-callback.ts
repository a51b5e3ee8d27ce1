// Runs a callback of a task once.

import { MemodagError, type CallbackReport, type JsonValue } from "@memodag/core";
import type { Dag } from "../authoring/dag.ts";
import { CALLBACK_OPTIONS, type EventContext } from "../context/callback-context.ts";
import { runInContext } from "../context/current-context.ts";
import type { TaskContext } from "../context/task-context.ts";
import type { AttemptScope } from "./attempt-scope.ts";
import { createContext } from "./create-context.ts";
import { findCallback } from "./list-handlers.ts";

/**
 * Runs the callback of a task or of a transaction. Rejects with the error that it throws.
 * @param returned what the task returned, for callbacks of its transaction
 * @throws MemodagError `callback_failed` if the task has no such callback.
 */
export async function runCallback(
  dag: Dag,
  taskId: string,
  report: CallbackReport,
  scope: AttemptScope,
  returned: JsonValue = null,
): Promise<void> {
  const callback = findCallback(dag, taskId, report.event);
  if (!callback) {
    const kind = report.transaction?.id === taskId ? "Transaction" : "Task";
    throw new MemodagError(
      "callback_failed",
      `${kind} "${taskId}" has no ${CALLBACK_OPTIONS[report.event]} when a worker reads its Dag file: ` +
        "declare the same callbacks wherever the file is read",
      { fields: { taskId, event: report.event } },
    );
  }
  const {
    xcoms,
    caches: _caches,
    expiry: _expiry,
    ...running
  } = createContext({ ...scope, declaredContext: null }, true);
  // The task has ended: its XComs can be pulled, but nothing can be added.
  xcoms.close();
  const context = withReport(running.context, report, returned);
  await runInContext({ ...running, context }, async () => callback(context));
}

function withReport(context: TaskContext, report: CallbackReport, returned: JsonValue): EventContext {
  const {
    event,
    state,
    cacheStatus,
    cacheReason,
    cacheReasonCode,
    cacheReasonDetail,
    durationMs,
    retryAt,
    error,
    transaction,
  } = report;
  return Object.freeze({
    ...context,
    event,
    taskInstance: Object.freeze({
      ...context.taskInstance,
      state,
      cacheStatus,
      cacheReason,
      cacheReasonCode,
      cacheReasonDetail,
      durationMs,
      retryAt: retryAt === null ? null : new Date(retryAt).toISOString(),
    }),
    error: error && Object.freeze({ ...error }),
    ...(transaction && { transaction: Object.freeze(transaction), returned }),
  });
}
