// Warns of queues that tasks wait for, and no worker takes from.

import type { Logger } from "@memodag/core";

/** How long a queue may be without a worker before it is warned of, and how often then, in milliseconds. */
const PATIENCE_MS = 5_000;
const WARNED_EVERY_MS = 300_000;

/** Times are milliseconds of a monotonic clock. */
export class UnservedQueues {
  readonly #log: Logger;
  readonly #openedAt: number;
  readonly #asked = new Set<string>();
  readonly #warnedAt = new Map<string, number>();

  constructor(log: Logger, now: number) {
    this.#log = log;
    this.#openedAt = now;
  }

  /** A place of the queue was asked for, and it has none. */
  add(queue: string): void {
    this.#asked.add(queue);
  }

  /** Warns, unless the queue has places by now, a worker may be about to register, or it was warned of before. */
  warn(places: ReadonlyMap<string, number>, now: number): void {
    if (now - this.#openedAt < PATIENCE_MS) return;
    for (const queue of this.#asked) {
      const isKnown = now - (this.#warnedAt.get(queue) ?? -Infinity) < WARNED_EVERY_MS;
      if (places.has(queue) || isKnown) continue;
      this.#warnedAt.set(queue, now);
      const message = "no worker takes tasks of a queue: they wait until one is started for it";
      this.#log.warn(message, { queue });
    }
    this.#asked.clear();
  }
}
