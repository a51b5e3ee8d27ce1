// Calls a callback of a task in this process, and returns its outcome. Loaded only for callbacks.

import type { AttemptOutcome, CallbackReport } from "@memodag/core";
import { assembleArguments, RETURN_VALUE } from "@memodag/core";
import { runCallback as callCallback } from "@memodag/sdk/runtime";
import type { RunOrder } from "../protocol.ts";
import { failureOf, loadDag, scopeOf, type AttemptSupport } from "./run-attempt.ts";

const NULL = Buffer.from("null");

/** Calls the callback of an order; never rejects. */
export async function runCallback(
  order: RunOrder,
  report: CallbackReport,
  support: AttemptSupport,
): Promise<AttemptOutcome> {
  const startedAt = performance.now();
  try {
    const { dag } = await loadDag(order);
    const { returned = null } = assembleArguments({ args: order.attempt.args, results: order.results });
    await callCallback(dag, order.attempt.taskId, report, scopeOf(order, support), returned);
    const durationMs = performance.now() - startedAt;
    const xcoms = [{ key: RETURN_VALUE, bytes: NULL }];
    return { kind: "succeeded", xcoms, durationMs, uncacheable: null, packages: [] };
  } catch (error) {
    const failure = failureOf(error, performance.now() - startedAt);
    const { code, message } = failure.error;
    // Whatever it throws, the callback failed and not the task.
    return { ...failure, error: { code: code === "task_failed" ? "callback_failed" : code, message } };
  }
}
