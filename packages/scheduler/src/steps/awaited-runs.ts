// Reports the progress of awaited runs to those who wait for them: when something changed, and periodically.

import {
  messageOf,
  type CancelTimer,
  type Clock,
  type DagRun,
  type Logger,
  type RunSummary,
  type RunStore,
  type WantedRun,
} from "@memodag/core";

export interface AwaitedRunsParts {
  readonly runs: Pick<RunStore, "findRunSummaries">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A run that a task waits for. */
export interface Awaited {
  readonly run: WantedRun;
  /** Milliseconds after which it is looked at, even without a notification. */
  readonly everyMs: number;
  /** Called with its status after each look; undefined while the run does not exist. */
  readonly onSeen: (summary: RunSummary | undefined) => void;
}

interface Watch extends Awaited {
  /** The last query about it failed, even on its own. */
  isApart: boolean;
  cancelTimer: CancelTimer;
}

/** The shortest interval: notifications of a change are faster anyway. */
const LEAST_EVERY_MS = 1_000;

/** Queries of one look that may fail: enough to find a few bad ones among very many. */
const MOST_FAILURES = 40;

/**
 * The runs that the runs of one scheduler wait for. All that are due are looked up in one query at a time.
 */
export class AwaitedRuns {
  readonly #parts: AwaitedRunsParts;
  readonly #watches = new Set<Watch>();
  #due = new Set<Watch>();
  #isLooking = false;
  #isClosed = false;

  constructor(parts: AwaitedRunsParts) {
    this.#parts = parts;
  }

  /** Looks at the run soon, and periodically until the returned function is called. */
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

  /** This run has ended, or started. */
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
    // Watches that begin together share a query.
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
   * One query for all. When it fails, one for each half, until those that cannot be queried are found: they
   * do not hold up others, and are queried separately from now on. Every watch is looked at again by its
   * timer.
   */
  async #ask(watches: readonly Watch[], failures: Failures): Promise<void> {
    if (watches.length === 0 || failures.areTooMany) return;
    try {
      const summaries = await this.#parts.runs.findRunSummaries(watches.map(({ run }) => run));
      for (const [index, watch] of watches.entries()) {
        watch.isApart = false;
        if (this.#watches.has(watch)) watch.onSeen(summaries[index]);
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
    this.#parts.log.error("could not look up awaited runs", fields);
  }
}

/** Failed queries of one look. */
class Failures {
  count = 0;
  last: { readonly run: WantedRun | undefined; readonly error: unknown } | undefined;

  /** When the database is unreachable, every query fails: the rest waits for the next look. */
  get areTooMany(): boolean {
    return this.count >= MOST_FAILURES;
  }

  add(run: WantedRun | undefined, error: unknown): void {
    this.count += 1;
    this.last = { run, error };
  }
}
