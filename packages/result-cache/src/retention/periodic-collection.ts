// Collects now and then beside whatever else a process does.

import { messageOf, type CancelTimer, type Clock, type Logger } from "@memodag/core";
import pTimeout from "p-timeout";
import type { Collection } from "./collector.ts";

/** Milliseconds that a process waits at its end for a batch: one takes some fifteen, in a store that answers. */
const LONGEST_BATCH_MS = 2_000;

/** The parts of a {@link PeriodicCollection}. */
export interface PeriodicCollectionParts {
  /** Does one collection, and ends it early once the signal aborts. */
  readonly collect: (signal: AbortSignal) => Promise<Collection>;
  /** Milliseconds of rest before the first collection and between two. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Collects until it is stopped. Errors are logged; the next collection tries again. */
export class PeriodicCollection {
  readonly #parts: PeriodicCollectionParts;
  readonly #stopping = new AbortController();
  #cancelTimer: CancelTimer | undefined;
  #underWay: Promise<void> = Promise.resolve();

  constructor(parts: PeriodicCollectionParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#cancelTimer = this.#parts.clock.after(this.#parts.everyMs, () => {
      this.#underWay = this.#collect().then(() => {
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

  async #collect(): Promise<void> {
    const { collect, log } = this.#parts;
    try {
      const { expired, evicted, bytes, superseded } = await collect(this.#stopping.signal);
      if (expired.count + evicted.count + bytes.count + superseded.count === 0) return;
      log.info("collected what the cache has no use for", {
        expired: expired.count,
        evicted: evicted.count,
        results: bytes.count,
        resultBytes: bytes.sizeBytes,
        superseded: superseded.count,
      });
    } catch (error) {
      log.warn("could not collect; it will be tried again", { error: messageOf(error) });
    }
  }
}
