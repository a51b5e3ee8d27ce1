// How many attempts of each queue may be under way: what its living workers have places for, and a few ahead, so that
// a worker that becomes free finds the next one. The rest waits with the scheduler, where the heaviest goes first.

import type { QueueCount, WorkerHost } from "@memodag/core";

/** The state of queues and workers at one moment. */
export interface QueuePlaces {
  /** Attempts that may be under way by queue, of all schedulers. */
  readonly places: ReadonlyMap<string, number>;
  /** Attempts under way by queue that other schedulers have. */
  readonly others: ReadonlyMap<string, number>;
}

/** True if nothing has changed. */
export function areSamePlaces(a: QueuePlaces, b: QueuePlaces): boolean {
  return isSameMap(a.places, b.places) && isSameMap(a.others, b.others);
}

/** Nothing may be under way: no worker is known. */
export const NO_PLACES: QueuePlaces = { places: new Map(), others: new Map() };

/**
 * @param hosts all that are registered; lost and draining ones count for nothing
 * @param counts of attempts by queue, of all schedulers
 * @param own attempts of this scheduler by queue, at the time of `counts`
 * @param lookahead attempts under way for each place, at least 1
 */
export function placesOf(
  hosts: readonly WorkerHost[],
  counts: readonly QueueCount[],
  own: (queue: string) => number,
  lookahead: number,
): QueuePlaces {
  const places = new Map<string, number>();
  for (const { state, queues, concurrency } of hosts) {
    if (state !== "active") continue;
    for (const queue of queues)
      places.set(queue, (places.get(queue) ?? 0) + Math.ceil(concurrency * lookahead));
  }
  const others = new Map(
    counts.map(({ queue, waiting, started }) => [queue, Math.max(0, waiting + started - own(queue))]),
  );
  return { places, others };
}

function isSameMap(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}
