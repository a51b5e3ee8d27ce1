// Reports disks that attempts cannot write to in the scheduler's log: once when the problem starts, and
// once when it ends.

import type { Logger } from "@memodag/core";
import type { LogLossListener } from "./attempt-log.ts";

/** Reports each kind of problem once, however many attempts it affects. */
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
    this.#log.warn("log lines of tasks are lost; the tasks continue and their results are kept", { reason });
  }

  written(): void {
    if (!this.#isLogLost) return;
    this.#isLogLost = false;
    this.#log.info("logs of tasks are written again");
  }

  /** An attempt waits for a disk, or for a store that has its arguments. */
  waits(reason: string): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#log.warn("attempts wait for a disk or a store before they start", { reason });
  }

  /** The files of an attempt could be written, and its arguments read. */
  waitsNoMore(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#log.info("the disk or store is there again: attempts start");
  }
}
