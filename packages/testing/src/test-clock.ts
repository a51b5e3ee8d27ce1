// A clock that moves only when it is told to.

import type { CancelTimer, Clock } from "@memodag/core";

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** Time advances only through {@link advanceTo}. */
export class TestClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now: number;

  /** @param now milliseconds since the Unix epoch */
  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): CancelTimer {
    const timer = { due: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Advances the time, running all timers that are due by then in order. */
  advanceTo(time: number): void {
    for (;;) {
      const [next] = [...this.#timers].filter(({ due }) => due <= time).sort((a, b) => a.due - b.due);
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
    }
    this.#now = Math.max(this.#now, time);
  }

  /** Number of pending timers. */
  get pending(): number {
    return this.#timers.size;
  }
}
