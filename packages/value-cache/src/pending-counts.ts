// Counts what happens, and hands it to the adapter from time to time: a hit writes nothing.

import { messageOf, type CancelTimer, type Clock, type Logger } from "@memodag/core";
import {
  NO_VALUE_COUNTS,
  VALUE_COUNTS,
  type ValueAdapter,
  type ValueCounts,
  type ValuePlace,
} from "./value-adapter.ts";

const FLUSH_AFTER_MS = 1_000;

/** Counts of one cache of this process that the store has not been told of. */
export class PendingCounts {
  readonly #adapter: ValueAdapter;
  readonly #place: ValuePlace;
  readonly #clock: Clock;
  readonly #log: Logger;
  #counts: Record<keyof ValueCounts, number> = { ...NO_VALUE_COUNTS };
  #cancel: CancelTimer | undefined;

  constructor(adapter: ValueAdapter, place: ValuePlace, clock: Clock, log: Logger) {
    this.#adapter = adapter;
    this.#place = place;
    this.#clock = clock;
    this.#log = log;
  }

  note(name: keyof ValueCounts): void {
    this.#counts[name] += 1;
    this.#cancel ??= this.#clock.after(FLUSH_AFTER_MS, () => {
      this.flush().catch((error: unknown) =>
        this.#log.debug("could not count for a value cache", { error: messageOf(error) }),
      );
    });
  }

  /** Hands over all counts; those that the store does not take are kept for the next time. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    const counts = this.#counts;
    if (VALUE_COUNTS.every((name) => counts[name] === 0)) return;
    this.#counts = { ...NO_VALUE_COUNTS };
    try {
      await this.#adapter.addCounts(this.#place, counts);
    } catch (error) {
      for (const name of VALUE_COUNTS) this.#counts[name] += counts[name];
      throw error;
    }
  }
}
