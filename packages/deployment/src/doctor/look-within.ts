// Checks something that may not answer.

import { MemodagError, messageOf, systemClock } from "@memodag/core";
import type { Finding } from "./finding.ts";

/** Checks one thing of a name; it fails if that does not answer within the deadline. `work` resolves to what it does. */
export async function lookWithin(
  check: string,
  name: string,
  deadlineMs: number,
  work: (signal: AbortSignal) => Promise<string>,
): Promise<Finding> {
  const late = new AbortController();
  const fault = new MemodagError(
    "cache_backend_failed",
    `it did not answer within ${deadlineMs}ms: check that this machine can connect to it, or raise [task_cache] store_timeout`,
  );
  const cancel = systemClock.after(deadlineMs, () => late.abort(fault));
  // Keeps the process alive while waiting: the clock's timers do not.
  const alive = setInterval(() => undefined, deadlineMs);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  late.signal.addEventListener("abort", () => ended.reject(fault), { once: true });
  try {
    const done = await Promise.race([work(late.signal), ended.promise]);
    return { check, status: "ok", message: `${name} ${done}` };
  } catch (error) {
    return { check, status: "fail", message: `${name}: ${messageOf(error)}` };
  } finally {
    cancel();
    clearInterval(alive);
  }
}
