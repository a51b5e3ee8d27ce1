// Bounds the calls of a store: one that never answers must not hold up its caller indefinitely.

import type { CancelTimer, Clock } from "./clock.ts";
import { formatDuration } from "./duration.ts";
import { MemodagError } from "./errors.ts";

/**
 * How long a call of a store may take at first, in milliseconds. Above what calls take on a busy database; a
 * statement that makes progress for longer is given more time when it is repeated.
 */
export const FIRST_CALL_TIMEOUT_MS = 60_000;
/** Above the statement timeout of the metadata database, whose own error then comes first. */
const LONGEST_CALL_TIMEOUT_MS = 16 * FIRST_CALL_TIMEOUT_MS;

/**
 * Resolves to the result of `work`.
 * @throws what `late` returns, after `timeoutMs`; `work` goes on, and its result is ignored
 */
export async function withinTimeout<T>(
  work: Promise<T>,
  {
    clock,
    timeoutMs,
    late,
  }: { readonly clock: Clock; readonly timeoutMs: number; readonly late: () => Error },
): Promise<T> {
  let cancel: CancelTimer = () => undefined;
  const timedOut = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(timeoutMs, () => reject(late()));
  });
  try {
    return await Promise.race([work, timedOut]);
  } finally {
    cancel();
  }
}

/**
 * Returns the store with a timeout on every call. A call that times out rejects with `database_failed`, and may be
 * carried out nevertheless: its caller repeats it, as after a lost connection. The timeout of a method doubles with
 * each call in a row that exceeds it, so that no call is too slow to ever succeed.
 * @param name the name of the store in errors
 */
export function withCallTimeouts<T extends object>(store: T, name: string, clock: Clock): T {
  const timeouts = new Map<PropertyKey, number>();
  const bounded = async (method: PropertyKey, answer: Promise<unknown>): Promise<unknown> => {
    const timeoutMs = timeouts.get(method) ?? FIRST_CALL_TIMEOUT_MS;
    const late = (): MemodagError => {
      timeouts.set(method, Math.min(2 * timeoutMs, LONGEST_CALL_TIMEOUT_MS));
      return new MemodagError(
        "database_failed",
        `No answer from the store within ${formatDuration(timeoutMs)} (${name}.${String(method)}): ` +
          "check that it is up and that no other process holds its locks",
      );
    };
    const value = await withinTimeout(answer, { clock, timeoutMs, late });
    timeouts.delete(method);
    return value;
  };
  return new Proxy(store, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== "function") return member;
      return (...args: readonly unknown[]): unknown => {
        const answer: unknown = Reflect.apply(member, target, args);
        return answer instanceof Promise ? bounded(key, answer) : answer;
      };
    },
  });
}
