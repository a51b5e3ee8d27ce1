// A clock that advances only when it is told to.

import type { CancelTimer, Clock } from "../clock.ts";

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** Time stands still between calls of {@link ManualClock.advance} and {@link ManualClock.advanceTo}. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #now: number;

  /** @param now milliseconds since the Unix epoch */
  constructor(now: number = Date.UTC(2026, 0, 1)) {
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

  /**
   * Advances the time by `ms` milliseconds, calling all timers that are due by then in order. A negative number sets
   * the clock back.
   */
  advance(ms: number): void {
    if (ms < 0) this.#now += ms;
    else this.advanceTo(this.#now + ms);
  }

  /** Advances the time to `time`, likewise; a time in the past only calls what is due. */
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
