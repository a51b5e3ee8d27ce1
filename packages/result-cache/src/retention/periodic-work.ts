// Does something now and then beside whatever else a process does.

import { messageOf, type CancelTimer, type Clock, type Logger } from "@memodag/core";
import pTimeout from "p-timeout";

/** Milliseconds that a process waits at its end for a batch: one takes some fifteen, in a store that answers. */
const LONGEST_BATCH_MS = 2_000;

/** The parts of a {@link PeriodicWork}. */
export interface PeriodicWorkParts {
  /** Does it once, and ends early once the signal aborts. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  /** The work in words that follow "could not", for the log. */
  readonly purpose: string;
  /** Milliseconds of rest before the first time and between two. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Does its work until it is stopped. Errors are logged; it is tried again the next time. */
export class PeriodicWork {
  readonly #parts: PeriodicWorkParts;
  readonly #stopping = new AbortController();
  #cancelTimer: CancelTimer | undefined;
  #underWay: Promise<void> = Promise.resolve();

  constructor(parts: PeriodicWorkParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#cancelTimer = this.#parts.clock.after(this.#parts.everyMs, () => {
      this.#underWay = this.#work().then(() => {
        if (!this.#stopping.signal.aborted) this.start();
      });
    });
  }

  /** Resolves when nothing is under way any more: after one batch, or a short while that it may hang in. */
  async stop(): Promise<void> {
    this.#cancelTimer?.();
    this.#stopping.abort();
    await pTimeout(this.#underWay, { milliseconds: LONGEST_BATCH_MS, fallback: () => undefined });
  }

  async #work(): Promise<void> {
    const { work, purpose, log } = this.#parts;
    try {
      await work(this.#stopping.signal);
    } catch (error) {
      log.warn(`could not ${purpose}; it will be tried again`, { error: messageOf(error) });
    }
  }
}
