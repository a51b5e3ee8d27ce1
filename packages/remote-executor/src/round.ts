// Something that is done again whenever it is asked for, one at a time: requests during a round, and for as long after it
// as it took, share the next one. So it takes half of the time at most, and the busier all is, the more it does at once.

import type { Clock } from "@memodag/core";

/** The longest rest, in milliseconds. */
const LONGEST_REST_MS = 100;

/** A round that can be asked for. */
export class Round {
  readonly #body: () => Promise<void>;
  readonly #clock: Clock;
  #running: Promise<void> | undefined;
  #isDue = false;
  #isClosed = false;
  #wake: () => void = () => undefined;

  /** @param body never rejects */
  constructor(body: () => Promise<void>, clock: Clock) {
    this.#body = body;
    this.#clock = clock;
  }

  /** Has a round begin soon, after the one that runs. */
  request(): void {
    this.#isDue = true;
    if (!this.#running && !this.#isClosed) this.#running = this.#runWhileDue();
  }

  /** Begins no more rounds. Resolves when none runs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#running;
  }

  async #runWhileDue(): Promise<void> {
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      const startedAt = this.#clock.monotonic();
      await this.#body();
      await this.#rest(Math.min(this.#clock.monotonic() - startedAt, LONGEST_REST_MS));
    }
    this.#running = undefined;
  }

  async #rest(ms: number): Promise<void> {
    if (ms <= 0 || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
