// How long the tasks of a Dag took in its latest runs, from which later ones take the order of what waits.

import { messageOf, type Clock, type Logger, type RunStore } from "@memodag/core";

/** How long durations are used before they are read again, in milliseconds. */
const FRESH_MS = 60_000;
/** Runs that durations are the mean of. */
const LATEST_RUNS = 3;
/** Dags whose durations are kept, at most. */
const MOST_DAGS = 256;

/** Parts of {@link TaskDurations}. */
export interface TaskDurationsParts {
  readonly runs: Pick<RunStore, "meanDurations">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Durations by Dag, least recently used first. */
export class TaskDurations {
  readonly #parts: TaskDurationsParts;
  readonly #known = new Map<string, { readonly at: number; readonly meansMs: ReadonlyMap<string, number> }>();

  constructor(parts: TaskDurationsParts) {
    this.#parts = parts;
  }

  /** Returns mean durations in milliseconds by task; those of hits count as zero. Never rejects. */
  async of(team: string, dagId: string): Promise<ReadonlyMap<string, number>> {
    const { runs, clock, log } = this.#parts;
    const name = JSON.stringify([team, dagId]);
    const known = this.#known.get(name);
    if (known && clock.monotonic() - known.at < FRESH_MS) return known.meansMs;
    try {
      const meansMs = await runs.meanDurations(team, dagId, LATEST_RUNS);
      this.#known.delete(name);
      this.#known.set(name, { at: clock.monotonic(), meansMs });
      const [oldest] = this.#known.keys();
      if (this.#known.size > MOST_DAGS && oldest !== undefined) this.#known.delete(oldest);
      return meansMs;
    } catch (error) {
      // Only the order of what waits depends on them.
      log.debug("durations of earlier runs could not be read", { dagId, error: messageOf(error) });
      return known?.meansMs ?? new Map();
    }
  }
}
