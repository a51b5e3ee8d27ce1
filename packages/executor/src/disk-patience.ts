// Waits for a disk or a store: one that is full or away for some minutes should not fail tasks that are about to
// start.

import {
  formatDuration,
  isFileFault,
  MemodagError,
  messageOf,
  type CancelTimer,
  type Clock,
} from "@memodag/core";
import type { FaultNotices } from "./fault-notices.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** How long an operation in progress may go on after the wait was stopped. */
const STOP_GRACE_MS = 1_000;

/** Options of the wait. */
export interface DiskPatienceOptions {
  readonly clock: Clock;
  readonly notices: FaultNotices;
  /** Maximum wait in milliseconds. After it, the attempt fails, and can be retried. */
  readonly diskPatienceMs: number;
}

/**
 * Retries an operation that fails because of a disk or a store, until it succeeds, is stopped, or the wait times
 * out. An operation that does not answer ends with the wait as well.
 */
export class DiskPatience {
  readonly #options: DiskPatienceOptions;
  readonly #stopped = Promise.withResolvers<void>();
  #isStopped = false;

  constructor(options: DiskPatienceOptions) {
    this.#options = options;
  }

  /** Ends the wait; the last error is then thrown, or that there was no answer. */
  stop(): void {
    this.#isStopped = true;
    this.#stopped.resolve();
  }

  /**
   * Returns the result of `work`. @throws errors of `work` that do not pass by waiting, or that last too
   * long
   */
  async run<T>(work: () => Promise<T>, passes: (error: unknown) => boolean = isFileFault): Promise<T> {
    const { clock, notices, diskPatienceMs } = this.#options;
    const until = clock.monotonic() + diskPatienceMs;
    let noAnswer: MemodagError | undefined;
    // Made when it is needed: its stack costs as much as the rest of a wait that is over at once.
    const lateError = (): MemodagError =>
      (noAnswer = new MemodagError(
        "disk_failed",
        `The disk or store gave no answer within ${formatDuration(diskPatienceMs)}: check that it is up`,
      ));
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        const result = await this.#answer(work(), until - clock.monotonic(), lateError);
        notices.waitsNoMore();
        return result;
      } catch (error) {
        const isFinal = error === noAnswer || !passes(error);
        if (isFinal || this.#isStopped || clock.monotonic() >= until) throw error;
        notices.waits(messageOf(error));
      }
      await this.#pause(pauseMs);
    }
  }

  /** @throws `lateError()` after `ms`, or that the wait was stopped: `work` may never give an answer */
  async #answer<T>(work: Promise<T>, ms: number, lateError: () => MemodagError): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const cancel = this.#options.clock.after(Math.max(0, ms), () => reject(lateError()));
    let cancelGrace: CancelTimer | undefined;
    let isOver = false;
    void this.#stopped.promise.then(() => {
      if (isOver) return;
      // Its own error says more than that it was stopped.
      const stopped = new Error("stopped before there was an answer");
      cancelGrace = this.#options.clock.after(STOP_GRACE_MS, () => reject(stopped));
    });
    try {
      return await Promise.race([work, promise]);
    } finally {
      isOver = true;
      cancel();
      cancelGrace?.();
    }
  }

  /** Resolves after that time, or when the wait is stopped. */
  async #pause(ms: number): Promise<void> {
    let cancel: CancelTimer | undefined;
    const over = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(ms, resolve);
    });
    await Promise.race([over, this.#stopped.promise]);
    cancel?.();
  }
}
