// Waits for a disk or a store: one that is full or away for some minutes should not fail tasks that are about to
// start.

import { isFileFault, messageOf, type CancelTimer, type Clock } from "@memodag/core";
import type { FaultNotices } from "./fault-notices.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** Options of the wait. */
export interface DiskPatienceOptions {
  readonly clock: Clock;
  readonly notices: FaultNotices;
  /** Maximum wait in milliseconds. After it, the attempt fails, and can be retried. */
  readonly diskPatienceMs: number;
}

/**
 * Retries an operation that fails because of a disk or a store, until it succeeds, is stopped, or the wait times
 * out.
 */
export class DiskPatience {
  readonly #options: DiskPatienceOptions;
  #isStopped = false;
  #goOn: () => void = () => undefined;

  constructor(options: DiskPatienceOptions) {
    this.#options = options;
  }

  /** Ends the wait; the last error is then thrown. */
  stop(): void {
    this.#isStopped = true;
    this.#goOn();
  }

  /**
   * Returns the result of `work`. @throws errors of `work` that do not pass by waiting, or that last too
   * long
   */
  async run<T>(work: () => Promise<T>, passes: (error: unknown) => boolean = isFileFault): Promise<T> {
    const { clock, notices, diskPatienceMs } = this.#options;
    const until = clock.monotonic() + diskPatienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        const result = await work();
        notices.waitsNoMore();
        return result;
      } catch (error) {
        if (!passes(error) || this.#isStopped || clock.monotonic() >= until) throw error;
        notices.waits(messageOf(error));
      }
      await this.#pause(pauseMs);
    }
  }

  async #pause(ms: number): Promise<void> {
    let cancel: CancelTimer | undefined;
    await new Promise<void>((goOn) => {
      this.#goOn = goOn;
      cancel = this.#options.clock.after(ms, goOn);
    });
    cancel?.();
  }
}
