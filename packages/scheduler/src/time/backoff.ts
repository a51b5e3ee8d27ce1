// How long what failed again and again is left alone: twice as long each time, up to a bound.

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

/** Failures in a row, by what failed. */
export class Backoff<Key> {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #bounds: BackoffBounds;
  readonly #rests = new Map<Key, Rest>();

  constructor(clock: Pick<Clock, "monotonic">, bounds: BackoffBounds) {
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** Notes another failure. @returns for how many milliseconds it is left alone */
  failed(key: Key): number {
    const failures = this.failuresOf(key) + 1;
    const { firstMs, longestMs } = this.#bounds;
    const restMs = Math.min(firstMs * 2 ** (failures - 1), longestMs);
    this.#rests.set(key, { failures, until: this.#clock.monotonic() + restMs });
    return restMs;
  }

  /** It succeeded, or is not wanted any more: its next failure is a first one. */
  forget(key: Key): void {
    this.#rests.delete(key);
  }

  /** Failures in a row so far. */
  failuresOf(key: Key): number {
    return this.#rests.get(key)?.failures ?? 0;
  }

  /** What is left alone now. */
  resting(): Key[] {
    const now = this.#clock.monotonic();
    return [...this.#rests].flatMap(([key, { until }]) => (until > now ? [key] : []));
  }

  /** For how many more milliseconds it is left alone; 0: it may be tried. */
  remainingMs(key: Key): number {
    return Math.max(0, (this.#rests.get(key)?.until ?? 0) - this.#clock.monotonic());
  }
}
