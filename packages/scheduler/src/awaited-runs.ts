// Tells those who wait for runs how far these are: on hearing that something changed, and now and then.

import {
  messageOf,
  type CancelTimer,
  type Clock,
  type DagRun,
  type Logger,
  type RunStanding,
  type RunStore,
  type WantedRun,
} from "@memodag/core";

/** What {@link AwaitedRuns} works with. */
export interface AwaitedRunsParts {
  readonly runs: Pick<RunStore, "findRunStandings">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A run that somebody waits for. */
export interface Awaited {
  readonly run: WantedRun;
  /** Milliseconds after which it is looked at, heard of or not. */
  readonly everyMs: number;
  /** Hears how far it is whenever it was looked at; undefined while it is not there. */
  readonly onSeen: (standing: RunStanding | undefined) => void;
}

interface Watch extends Awaited {
  cancelTimer: CancelTimer;
}

/** However often somebody wants to look: hearing of a change is faster. */
const LEAST_EVERY_MS = 1_000;

/** Runs that the runs of one scheduler wait for. One question at a time, for all that are to be looked at. */
export class AwaitedRuns {
  readonly #parts: AwaitedRunsParts;
  readonly #watches = new Set<Watch>();
  #due = new Set<Watch>();
  #isLooking = false;

  constructor(parts: AwaitedRunsParts) {
    this.#parts = parts;
  }

  /** Looks at the run soon, and again until the function that it returns is called. */
  watch(awaited: Awaited): () => void {
    const watch: Watch = { ...awaited, cancelTimer: () => undefined };
    this.#watches.add(watch);
    this.#look([watch]);
    return () => {
      watch.cancelTimer();
      this.#watches.delete(watch);
      this.#due.delete(watch);
    };
  }

  /** Some runs may have changed. */
  wake(): void {
    this.#look(this.#watches);
  }

  /** This run has ended, or begun. */
  changed({ team, dagId }: DagRun): void {
    this.#look([...this.#watches].filter(({ run }) => run.dagId === dagId && run.team === team));
  }

  #look(watches: Iterable<Watch>): void {
    for (const watch of watches) {
      this.#due.add(watch);
      watch.cancelTimer();
      const everyMs = Math.max(watch.everyMs, LEAST_EVERY_MS);
      watch.cancelTimer = this.#parts.clock.after(everyMs, () => this.#look([watch]));
    }
    if (this.#isLooking || this.#due.size === 0) return;
    this.#isLooking = true;
    void this.#lookWhileDue();
  }

  async #lookWhileDue(): Promise<void> {
    // Those who begin to wait together are one question.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#due.size > 0) {
      const watches = [...this.#due];
      this.#due.clear();
      try {
        const standings = await this.#parts.runs.findRunStandings(watches.map(({ run }) => run));
        for (const [index, watch] of watches.entries())
          if (this.#watches.has(watch)) watch.onSeen(standings[index]);
      } catch (error) {
        // Each is looked at again by its timer.
        this.#parts.log.error("could not look at runs that others wait for", { error: messageOf(error) });
      }
    }
    this.#isLooking = false;
  }
}
