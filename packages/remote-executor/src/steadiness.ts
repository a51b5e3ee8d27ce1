// Since when hosts have been able to say that they live: while this process was stopped or the database was away, none
// could, and none counts as lost for it.

import type { LossLimits } from "@memodag/core";

/** A century, in milliseconds. */
const NEVER_MS = 100 * 366 * 86_400_000;

/** Times are milliseconds of a monotonic clock. */
export class Steadiness {
  readonly #longestGapMs: number;
  #since: number;
  #lookedAt: number;

  /** @param longestGapMs the longest time between two looks that are no gap */
  constructor(now: number, longestGapMs: number) {
    this.#longestGapMs = longestGapMs;
    this.#since = now;
    this.#lookedAt = now;
  }

  /** The database has answered. Call before anything is judged. */
  looked(now: number): void {
    if (now - this.#lookedAt > this.#longestGapMs) this.#since = now;
    this.#lookedAt = now;
  }

  /** The database has not answered. */
  failed(now: number): void {
    this.#since = now;
    this.#lookedAt = now;
  }

  /** Returns the limits that hold now: one that is longer than the time without a gap is not reached by anyone. */
  limits({ beatMs, linkMs }: LossLimits, now: number): LossLimits {
    const steadyMs = now - this.#since;
    return {
      beatMs: steadyMs < beatMs ? NEVER_MS : beatMs,
      linkMs: steadyMs < linkMs ? NEVER_MS : linkMs,
    };
  }
}
