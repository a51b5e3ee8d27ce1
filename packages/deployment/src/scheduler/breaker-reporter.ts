// Tells the metadata database while a scheduler leaves its cache alone, so that `cache stats` can say so.

import { hostname } from "node:os";
import { messageOf, type CancelTimer, type Clock, type Logger } from "@memodag/core";
import type { BreakerBoard } from "@memodag/metastore";
import type { BreakerChange } from "@memodag/result-cache";

/** What a {@link BreakerReporter} works with. */
export interface BreakerReporterParts {
  readonly board: Pick<BreakerBoard, "report">;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a report is good for, in milliseconds; it is renewed three times as often. */
  readonly ttlMs: number;
}

/** Reports changes as they come, and again while the breaker is not closed. Never rejects. */
export class BreakerReporter {
  readonly #parts: BreakerReporterParts;
  readonly #scheduler = `${hostname()}:${process.pid}`;
  #change: BreakerChange = { state: "closed", error: null };
  #since = 0;
  #writing: Promise<void> = Promise.resolve();
  #cancel: CancelTimer = () => undefined;

  constructor(parts: BreakerReporterParts) {
    this.#parts = parts;
  }

  changed(change: BreakerChange): void {
    this.#change = change;
    this.#since = this.#parts.clock.now();
    this.#report();
  }

  /** Takes the report back; for the end of a scheduler. */
  async close(): Promise<void> {
    if (this.#change.state !== "closed") this.changed({ state: "closed", error: null });
    await this.#writing;
  }

  #report(): void {
    this.#cancel();
    const { board, clock, log, ttlMs } = this.#parts;
    const report = { ...this.#change, scheduler: this.#scheduler, since: this.#since };
    // One after the other, so that the last change is the last that is written.
    this.#writing = this.#writing.then(async () => {
      try {
        await board.report(report, ttlMs);
      } catch (error) {
        log.debug("could not report the state of the cache", { error: messageOf(error) });
      }
    });
    if (this.#change.state !== "closed") this.#cancel = clock.after(ttlMs / 3, () => this.#report());
  }
}
