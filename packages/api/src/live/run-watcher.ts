// Tells who watches which runs have changed.
//
// It looks at the revisions of all runs that are changing, once for all watchers, and only while there are any.

import { messageOf, type CancelTimer, type Clock, type Logger } from "@memodag/core";
import type { OperationContext } from "@memodag/operations";
import { listRevisions, type RevisionReport } from "@memodag/operations/runs";

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 500;

/** Milliseconds for which a run that has ended is remembered: looks overlap by less. */
const REMEMBER_MS = 60_000;

/** Called with the runs that have changed. */
export type RunListener = (changed: readonly RevisionReport[]) => void;

/** See the file. */
export class RunWatcher {
  readonly #context: OperationContext;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #listeners = new Set<RunListener>();
  readonly #seen = new Map<string, { revision: number; at: number }>();
  #since: string | undefined;
  #cancelTimer: CancelTimer = () => undefined;
  #isLooking = false;

  constructor(context: OperationContext, clock: Clock, log: Logger) {
    this.#context = context;
    this.#clock = clock;
    this.#log = log;
  }

  /** Calls the listener with changes from now on, until the returned function is called. */
  watch(listener: RunListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) void this.#look();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#cancelTimer();
      this.#since = undefined;
      this.#seen.clear();
    };
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const isFirst = this.#since === undefined;
      const { runs, next } = await listRevisions(this.#context, { since: this.#since });
      if (this.#listeners.size === 0) return;
      this.#since = next;
      const changed = this.#noteChanges(runs);
      // The first look says how things are: who watches reads that for themselves.
      if (!isFirst && changed.length > 0) for (const listener of this.#listeners) listener(changed);
    } catch (error) {
      this.#log.warn("cannot look for changed runs; looking again", { error: messageOf(error) });
    } finally {
      this.#isLooking = false;
      if (this.#listeners.size > 0)
        this.#cancelTimer = this.#clock.after(LOOK_EVERY_MS, () => void this.#look());
    }
  }

  #noteChanges(runs: readonly RevisionReport[]): RevisionReport[] {
    const at = this.#clock.monotonic();
    const changed = runs.filter((run) => {
      const name = JSON.stringify([run.team, run.dagId, run.runId]);
      const isNew = this.#seen.get(name)?.revision !== run.revision;
      this.#seen.set(name, { revision: run.revision, at });
      return isNew;
    });
    for (const [name, seen] of this.#seen) if (at - seen.at > REMEMBER_MS) this.#seen.delete(name);
    return changed;
  }
}
