// Reports an open circuit breaker to the metadata database, for `cache stats`.

import { hostname } from "node:os";
import { messageOf, withCallTimeouts, type CancelTimer, type Clock, type Logger } from "@memodag/core";
import type { BreakerStates } from "@memodag/metastore";
import type { BreakerChange } from "@memodag/result-cache";

/** The cache of the deployment. */
export const COMMON_CACHE = "the cache";

export interface BreakerReporterParts {
  readonly states: Pick<BreakerStates, "report">;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a report is valid, in milliseconds; it is renewed three times as often. */
  readonly ttlMs: number;
}

interface Noted extends BreakerChange {
  readonly since: number;
}

/** Reports changes immediately, and repeatedly while a breaker is not closed. Never rejects. */
export class BreakerReporter {
  readonly #parts: BreakerReporterParts;
  readonly #scheduler = `${hostname()}:${process.pid}`;
  /** The breakers that are not closed, by the name of their cache. */
  readonly #notClosed = new Map<string, Noted>();
  #writing: Promise<void> = Promise.resolve();
  #cancel: CancelTimer = () => undefined;

  constructor(parts: BreakerReporterParts) {
    this.#parts = { ...parts, states: withCallTimeouts(parts.states, "breakers", parts.clock) };
  }

  /** @param cache its name, for the report */
  changed(cache: string, change: BreakerChange): void {
    if (change.state === "closed") this.#notClosed.delete(cache);
    else this.#notClosed.set(cache, { ...change, since: this.#parts.clock.now() });
    this.#report();
  }

  /** Withdraws the report when the scheduler ends. */
  async close(): Promise<void> {
    if (this.#notClosed.size > 0) {
      this.#notClosed.clear();
      this.#report();
    }
    await this.#writing;
  }

  #report(): void {
    this.#cancel();
    const { states, clock, log, ttlMs } = this.#parts;
    const report = { ...this.#worst(), scheduler: this.#scheduler };
    // Sequentially, so that the last change is written last.
    this.#writing = this.#writing.then(async () => {
      try {
        await states.report(report, ttlMs);
      } catch (error) {
        log.debug("could not report the state of the cache", { error: messageOf(error) });
      }
    });
    if (report.state !== "closed") this.#cancel = clock.after(ttlMs / 3, () => this.#report());
  }

  /** A scheduler has one report: the first breaker that is open, with the errors of all. */
  #worst(): Noted {
    const all = [...this.#notClosed];
    const worst = all.find(([, { state }]) => state === "open") ?? all[0];
    if (!worst) return { state: "closed", error: null, since: this.#parts.clock.now() };
    if (all.length === 1 && worst[0] === COMMON_CACHE) return worst[1];
    const errors = all.map(([cache, { error }]) => `${cache}: ${error ?? "failed"}`);
    return { ...worst[1], error: errors.join("; ") };
  }
}
