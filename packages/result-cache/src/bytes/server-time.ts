// The time of the store, learnt from its answers.

import type { Clock } from "@memodag/core";

/** Answers have whole seconds and take a moment: a smaller difference is none. */
const AGREE_MS = 2_000;

/** Ages are told by one clock, the store's, even where this host's is wrong. */
export class ServerTime {
  readonly #clock: Pick<Clock, "now">;
  #aheadMs = 0;
  #isKnown = false;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** False until an answer told it. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Milliseconds since the Unix epoch. */
  now(): number {
    return this.#clock.now() + this.#aheadMs;
  }

  /** @param date the `Date` header of an answer that has just come */
  note(date: string | undefined): void {
    const at = date === undefined ? Number.NaN : Date.parse(date);
    if (Number.isNaN(at)) return;
    this.#isKnown = true;
    const aheadMs = at - this.#clock.now();
    this.#aheadMs = Math.abs(aheadMs) <= AGREE_MS ? 0 : aheadMs;
  }
}
