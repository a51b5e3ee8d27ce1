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
  /** The last question about it failed, whatever it was asked together with. */
  isApart: boolean;
  cancelTimer: CancelTimer;
}

/** However often somebody wants to look: hearing of a change is faster. */
const LEAST_EVERY_MS = 1_000;

/** Questions of one look that may fail: enough to find a few among very many. */
const MOST_FAILURES = 40;

/** Runs that the runs of one scheduler wait for. One question at a time, for all that are to be looked at. */
export class AwaitedRuns {
  readonly #parts: AwaitedRunsParts;
  readonly #watches = new Set<Watch>();
  #due = new Set<Watch>();
  #isLooking = false;
  #isClosed = false;

  constructor(parts: AwaitedRunsParts) {
    this.#parts = parts;
  }

  /** Looks at the run soon, and again until the function that it returns is called. */
  watch(awaited: Awaited): () => void {
    const watch: Watch = { ...awaited, isApart: false, cancelTimer: () => undefined };
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

  /** Looks at nothing more. */
  close(): void {
    this.#isClosed = true;
    for (const { cancelTimer } of this.#watches) cancelTimer();
    this.#watches.clear();
    this.#due.clear();
  }

  #look(watches: Iterable<Watch>): void {
    if (this.#isClosed) return;
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
      const due = [...this.#due];
      this.#due.clear();
      const failures = new Failures();
      const [apart = [], together = []] = [true, false].map((is) =>
        due.filter(({ isApart }) => isApart === is),
      );
      await this.#ask(together, failures);
      for (const watch of apart) await this.#ask([watch], failures);
      if (failures.count > 0) this.#report(failures);
    }
    this.#isLooking = false;
  }

  /**
   * One question for all. When it fails, one for each half, until those that cannot be asked about are found:
   * they hold up no other, and are asked about apart from now on. Every watch is looked at again by its timer.
   */
  async #ask(watches: readonly Watch[], failures: Failures): Promise<void> {
    if (watches.length === 0 || failures.areTooMany) return;
    try {
      const standings = await this.#parts.runs.findRunStandings(watches.map(({ run }) => run));
      for (const [index, watch] of watches.entries()) {
        watch.isApart = false;
        if (this.#watches.has(watch)) watch.onSeen(standings[index]);
      }
    } catch (error) {
      const [first] = watches;
      failures.add(first?.run, error);
      if (watches.length === 1 && first) {
        first.isApart = true;
        return;
      }
      const half = Math.ceil(watches.length / 2);
      await this.#ask(watches.slice(0, half), failures);
      await this.#ask(watches.slice(half), failures);
    }
  }

  #report({ last }: Failures): void {
    const fields = { ...last?.run, error: messageOf(last?.error) };
    this.#parts.log.error("could not look at runs that others wait for", fields);
  }
}

/** Questions of one look that failed. */
class Failures {
  count = 0;
  last: { readonly run: WantedRun | undefined; readonly error: unknown } | undefined;

  /** When the database is away every question fails: what is left waits for the next look. */
  get areTooMany(): boolean {
    return this.count >= MOST_FAILURES;
  }

  add(run: WantedRun | undefined, error: unknown): void {
    this.count += 1;
    this.last = { run, error };
  }
}
