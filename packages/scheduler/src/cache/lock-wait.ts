// Decides how an instance continues that did not get the lock of its key. Functions of values.

import { formatDuration, type LockConfig, type StoredError } from "@memodag/core";
import type { LeaseOutcome } from "@memodag/result-cache";

/** `run`: without the lock. `wait`: `what` is shown. */
export type LockDecision =
  | { readonly kind: "run" }
  | { readonly kind: "wait"; readonly what: string }
  | { readonly kind: "fail"; readonly error: StoredError };

/**
 * Decides upon a lock that is held by another instance, or whose store is not available.
 * @param waitedMs milliseconds since the instance began to wait
 */
export function decideWait(
  lock: LockConfig = {},
  outcome: Exclude<LeaseOutcome, { kind: "acquired" }>,
  waitedMs: number,
): LockDecision {
  const { store, waitMs, onTimeout, unavailable } = lock;
  const name = store === undefined ? "the lock store" : `the lock store "${store}"`;
  if (outcome.kind === "opening") return { kind: "wait", what: `${name} to be opened` };
  if (outcome.kind === "unavailable" && unavailable === undefined) return { kind: "run" };
  if (outcome.kind === "unavailable" && unavailable === "fail") {
    const message = `${name} is not available (${outcome.message}), and lock.unavailable is "fail": check it, or use "wait" or "run"`;
    return { kind: "fail", error: { code: "lock_unavailable", message } };
  }
  const what = outcome.kind === "held" ? outcome.holder : `${name} (${outcome.message})`;
  if (waitMs === undefined || waitedMs < waitMs) return { kind: "wait", what };
  if (onTimeout !== "fail") return { kind: "run" };
  const message = `timed out after ${formatDuration(waitMs)} waiting for ${what}, as lock.wait says: see \`memodag cache locks\`, or raise it`;
  return { kind: "fail", error: { code: "lock_timeout", message } };
}
