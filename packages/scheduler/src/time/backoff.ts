// Exponential backoff by key: the wait doubles with each consecutive failure, up to a limit.

import type { Clock } from "@memodag/core";

/** Bounds of the waits, in milliseconds. */
export interface BackoffBounds {
  readonly firstMs: number;
  readonly longestMs: number;
}

interface Rest {
  readonly failures: number;
  /** By the monotonic clock. */
  readonly until: number;
}

/** Consecutive failures by key. */
export class Backoff<Key> {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #bounds: BackoffBounds;
  readonly #rests = new Map<Key, Rest>();

  constructor(clock: Pick<Clock, "monotonic">, bounds: BackoffBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /**
   * Records another failure.
   * @returns the milliseconds to wait
   */
  failed(key: Key): number {
    const failures = this.failuresOf(key) + 1;
    const { firstMs, longestMs } = this.#bounds;
    const restMs = Math.min(firstMs * 2 ** (failures - 1), longestMs);
    this.#rests.set(key, { failures, until: this.#clock.monotonic() + restMs });
    return restMs;
  }

  /** Records a success, or that the key is no longer needed: its next failure counts as the first. */
  forget(key: Key): void {
    this.#rests.delete(key);
  }

  /** The number of consecutive failures. */
  failuresOf(key: Key): number {
    return this.#rests.get(key)?.failures ?? 0;
  }

  /** The keys that have to wait now. */
  resting(): Key[] {
    const now = this.#clock.monotonic();
    return [...this.#rests].flatMap(([key, { until }]) => (until > now ? [key] : []));
  }

  /** Milliseconds that are left to wait; 0: it may be tried. */
  remainingMs(key: Key): number {
    return Math.max(0, (this.#rests.get(key)?.until ?? 0) - this.#clock.monotonic());
  }
}
