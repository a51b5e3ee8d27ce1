// Counts hits in memory and adds them to the records now and then: a lookup never writes.

import { messageOf, type CancelTimer, type Clock, type Digest, type Logger } from "@memodag/core";
import type { RecordStore } from "./record-store.ts";

/** Milliseconds from the first hit that is not written yet to its being written. */
const FLUSH_AFTER_MS = 2_000;

/** Hits that the record store does not know of yet. */
export class HitCounter {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  #counts = new Map<string, Map<Digest, number>>();
  #cancelFlush: CancelTimer | undefined;

  constructor(records: RecordStore, clock: Clock, log: Logger) {
    this.#records = records;
    this.#clock = clock;
    this.#log = log;
  }

  add(team: string, keys: readonly Digest[]): void {
    const counts = this.#counts.get(team) ?? new Map<Digest, number>();
    this.#counts.set(team, counts);
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    this.#cancelFlush ??= this.#clock.after(FLUSH_AFTER_MS, () => void this.flush());
  }

  /** Writes what there is. Never rejects: counts that cannot be written are logged and forgotten. */
  async flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const counts = this.#counts;
    this.#counts = new Map();
    for (const [team, hits] of counts) {
      try {
        const counted = Array.from(hits, ([key, count]) => ({ key, count }));
        await this.#records.countHits(team, counted);
      } catch (error) {
        this.#log.warn("could not count cache hits", { team, error: messageOf(error) });
      }
    }
  }
}
