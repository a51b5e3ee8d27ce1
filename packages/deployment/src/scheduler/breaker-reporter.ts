// Reports an open circuit breaker to the metadata database, for `cache stats`.

import { hostname } from "node:os";
import { messageOf, withCallTimeouts, type CancelTimer, type Clock, type Logger } from "@memodag/core";
import type { BreakerStates } from "@memodag/metastore";
import type { BreakerChange } from "@memodag/result-cache";

export interface BreakerReporterParts {
  readonly states: Pick<BreakerStates, "report">;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a report is valid, in milliseconds; it is renewed three times as often. */
  readonly ttlMs: number;
}

/** Reports changes immediately, and repeatedly while the breaker is not closed. Never rejects. */
export class BreakerReporter {
  readonly #parts: BreakerReporterParts;
  readonly #scheduler = `${hostname()}:${process.pid}`;
  #change: BreakerChange = { state: "closed", error: null };
  #since = 0;
  #writing: Promise<void> = Promise.resolve();
  #cancel: CancelTimer = () => undefined;

  constructor(parts: BreakerReporterParts) {
    this.#parts = { ...parts, states: withCallTimeouts(parts.states, "breakers", parts.clock) };
  }

  changed(change: BreakerChange): void {
    this.#change = change;
    this.#since = this.#parts.clock.now();
    this.#report();
  }

  /** Withdraws the report when the scheduler ends. */
  async close(): Promise<void> {
    if (this.#change.state !== "closed") this.changed({ state: "closed", error: null });
    await this.#writing;
  }

  #report(): void {
    this.#cancel();
    const { states, clock, log, ttlMs } = this.#parts;
    const report = { ...this.#change, scheduler: this.#scheduler, since: this.#since };
    // Sequentially, so that the last change is written last.
    this.#writing = this.#writing.then(async () => {
      try {
        await states.report(report, ttlMs);
      } catch (error) {
        log.debug("could not report the state of the cache", { error: messageOf(error) });
      }
    });
    if (this.#change.state !== "closed") this.#cancel = clock.after(ttlMs / 3, () => this.#report());
  }
}
