// A clock whose timers end with their owner: no timer of a run outlives its execution.

import type { CancelTimer, Clock } from "@memodag/core";

/**
 * Tells the time of another clock; once `signal` is aborted, its own timers are cancelled and no more are
 * set.
 */
export class ScopedClock implements Clock {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #timers = new Set<CancelTimer>();

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#cancelAll(), { once: true });
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  after(ms: number, callback: () => void): CancelTimer {
    if (this.#signal.aborted) return () => undefined;
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
    return () => {
      this.#timers.delete(cancel);
      cancel();
    };
  }

  #cancelAll(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }
}
