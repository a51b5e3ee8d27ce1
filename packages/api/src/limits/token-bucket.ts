// Limits of how often something may be done: a token bucket for each who does it.

import type { Clock } from "@memodag/core";

/** How often. */
export interface Rate {
  /** Times at once. */
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** Buckets that are kept, at most: full ones go first, and are made anew when they are needed. */
const MOST_BUCKETS = 10_000;

/** One rate, for many. */
export class TokenBuckets {
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, clock: Pick<Clock, "monotonic">) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Takes a token. Returns 0, or the seconds after which there is one. */
  take(who: string): number {
    const { burst, perSecond } = this.#rate;
    const now = this.#clock.monotonic();
    const bucket = this.#buckets.get(who) ?? { tokens: burst, filledAt: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) / 1000) * perSecond);
    bucket.filledAt = now;
    // The one that was used last is the last to go.
    this.#buckets.delete(who);
    this.#buckets.set(who, bucket);
    this.#forget();
    if (bucket.tokens < 1) return (1 - bucket.tokens) / perSecond;
    bucket.tokens -= 1;
    return 0;
  }

  /** Gives a token back that was taken. */
  giveBack(who: string): void {
    const bucket = this.#buckets.get(who);
    if (bucket) bucket.tokens = Math.min(this.#rate.burst, bucket.tokens + 1);
  }

  #forget(): void {
    for (const who of this.#buckets.keys()) {
      if (this.#buckets.size <= MOST_BUCKETS) return;
      this.#buckets.delete(who);
    }
  }
}
