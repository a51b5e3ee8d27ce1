// Waits for a disk: one that is full for some minutes is no fault of the task that would have started.

import { isFileFault, messageOf, type CancelTimer, type Clock } from "@memodag/core";
import type { FaultNotices } from "./fault-notices.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** What waiting takes. */
export interface DiskPatienceOptions {
  readonly clock: Clock;
  readonly notices: FaultNotices;
  /** For how long a disk is waited for, in milliseconds; then the attempt fails, and can be tried again. */
  readonly diskPatienceMs: number;
}

/** Repeats what a disk keeps from being done, until it is done, it is stopped, or patience is over. */
export class DiskPatience {
  readonly #options: DiskPatienceOptions;
  #isStopped = false;
  #goOn: () => void = () => undefined;

  constructor(options: DiskPatienceOptions) {
    this.#options = options;
  }

  /** Ends the wait; what failed last is then thrown. */
  stop(): void {
    this.#isStopped = true;
    this.#goOn();
  }

  /** The result of `work`. @throws what it throws, if that is no fault of a disk or lasts too long. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const { clock, notices, diskPatienceMs } = this.#options;
    const until = clock.monotonic() + diskPatienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        const result = await work();
        notices.waitsNoMore();
        return result;
      } catch (error) {
        if (!isFileFault(error) || this.#isStopped || clock.monotonic() >= until) throw error;
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
