// Tells the scheduler's log of disks that attempts cannot write to: once when it begins, once when it is over.

import type { Logger } from "@memodag/core";
import type { LogLossListener } from "./attempt-log.ts";

/** Says of each kind of fault once that it is there, however many attempts meet it. */
export class FaultNotices implements LogLossListener {
  readonly #log: Logger;
  #isLogLost = false;
  #isWaiting = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  lost(reason: string): void {
    if (this.#isLogLost) return;
    this.#isLogLost = true;
    this.#log.warn("log lines of tasks are lost; the tasks go on and their results are kept", { reason });
  }

  written(): void {
    if (!this.#isLogLost) return;
    this.#isLogLost = false;
    this.#log.info("logs of tasks are written again");
  }

  /** An attempt waits for a disk. */
  waits(reason: string): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#log.warn("attempts wait for a disk before they start", { reason });
  }

  /** What an attempt needs could be written. */
  waitsNoMore(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#log.info("the disk can be written to again: attempts start");
  }
}
