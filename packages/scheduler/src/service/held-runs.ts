// The runs that this scheduler holds: their passes follow one another, and each ends, is lost or goes back.

import {
  messageOf,
  type Clock,
  type DagRun,
  type LoadedRunName,
  type Logger,
  type StoredError,
} from "@memodag/core";
import { Backoff } from "../time/backoff.ts";
import type { PassResult, RunExecution } from "../run/pass.ts";

/** What {@link HeldRuns} works with. */
export interface HeldRunsParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** A run is over, or has nothing to do but to wait: there may be room for another now. */
  readonly onOver: () => void;
  /** A run was changed by another process, and is held no more; its attempts run on, unheard. */
  readonly onMoved: (run: DagRun) => void;
  /** Its lease is another's, or may be: what comes of its attempts is not waited for any more. */
  readonly onLosing: (run: DagRun) => void;
  /** Then its attempts are being ended here. */
  readonly onLost: (run: DagRun) => void;
}

interface HeldRun {
  readonly execution: RunExecution;
  isPassing: boolean;
  /** After its last pass it had nothing to do but to wait. */
  isResting: boolean;
  /** Something happened since the pass under way began. */
  isDue: boolean;
  /** It was changed by another process while a pass was under way. */
  isMoved: boolean;
}

/** Rests after passes that failed, in milliseconds: whatever happens to the run ends one early. */
const PASS_RESTS = { firstMs: 1_000, longestMs: 30_000 };

/** What ends the attempts of a run whose lease was lost. */
export const LEASE_LOST: StoredError = {
  code: "attempt_lost",
  message: "the lease of its run was lost: another scheduler may have taken it over",
};

/** Runs by id, each with at most one pass under way. */
export class HeldRuns {
  readonly #parts: HeldRunsParts;
  readonly #held = new Map<number, HeldRun>();
  readonly #waiters = new Map<number, ((run: DagRun) => void)[]>();
  readonly #passesUnderWay = new Set<Promise<void>>();
  readonly #faults: Backoff<number>;
  #isClosed = false;

  constructor(parts: HeldRunsParts) {
    this.#parts = parts;
    this.#faults = new Backoff(parts.clock, PASS_RESTS);
  }

  get size(): number {
    return this.#held.size;
  }

  /** The runs held now, as they were loaded. */
  loaded(): LoadedRunName[] {
    return Array.from(this.#held, ([id, { execution }]) => ({ id, handCount: execution.handCount }));
  }

  /** How many of them do not only wait for a time, or for other runs, which need a place too. */
  countBusy(): number {
    let count = 0;
    for (const { execution } of this.#held.values()) if (!execution.isResting) count += 1;
    return count;
  }

  /** Ids of the runs held now. */
  ids(): Set<number> {
    return new Set(this.#held.keys());
  }

  /** The runs held now. */
  list(): DagRun[] {
    return Array.from(this.#held.values(), (held) => held.execution.run);
  }

  has(id: number): boolean {
    return this.#held.has(id);
  }

  /** Takes a claimed run, and wakes it. */
  add(execution: RunExecution): void {
    const { id } = execution.run;
    this.#held.set(id, {
      execution,
      isPassing: false,
      isDue: false,
      isResting: false,
      isMoved: false,
    });
    this.wake(id);
  }

  /** Resolves with the run when this scheduler has brought it to its end. */
  async whenOver(id: number): Promise<DagRun> {
    return await new Promise((resolve) => {
      this.#waiters.set(id, [...(this.#waiters.get(id) ?? []), resolve]);
    });
  }

  /** Asks for a pass; those asked for while one is under way are one. */
  wake(id: number): void {
    const held = this.#held.get(id);
    if (!held) return;
    held.isDue = true;
    if (held.isPassing || this.#isClosed) return;
    held.isPassing = true;
    const passes = this.#passWhileDue(id, held);
    this.#passesUnderWay.add(passes);
    void passes.then(() => this.#passesUnderWay.delete(passes));
  }

  /** Wakes the runs whose instances wait for a slot or a pool. */
  wakeWaiting(): void {
    for (const [id, held] of this.#held) if (held.execution.wantsSlots) this.wake(id);
  }

  /** Wakes a run if it could not dispatch while its lease was in doubt. */
  wakeToSubmit(id: number): void {
    if (this.#held.get(id)?.execution.wantsToSubmit) this.wake(id);
  }

  /** A run was changed by another process since it was loaded: it goes on from what its rows say now. */
  reload({ id, handCount }: LoadedRunName): void {
    const held = this.#held.get(id);
    // A late answer says nothing of a run that was loaded again meanwhile.
    if (!held || held.execution.handCount !== handCount) return;
    if (held.isPassing) held.isMoved = true;
    else this.#finish(id, held, "reload");
  }

  /** A run that was held here has been ended by another process. */
  endedElsewhere(run: DagRun): void {
    this.#tell(run);
    this.#parts.onOver();
  }

  /** The lease of a run is another's, or may be: its attempts here are ended. */
  lose(id: number): void {
    const held = this.#held.get(id);
    if (held) this.#lose(id, held);
  }

  /** The same for a lease that was not renewed: one that a pass is ending now is not lost. */
  loseUnrenewed(id: number): void {
    const held = this.#held.get(id);
    if (held && !held.isPassing) this.#lose(id, held);
  }

  /** Lets passes write what has ended, and its results be stored, until nothing of that is left. */
  async finishEnded(): Promise<void> {
    for (let isBusy = true; isBusy;) {
      // What stores left for a later pass: there may be none.
      for (const [id, { execution }] of this.#held) if (execution.hasNews) this.wake(id);
      await Promise.all(this.#passesUnderWay);
      const storing = Array.from(this.#held.values(), ({ execution }) => execution).filter(
        ({ isStoring }) => isStoring,
      );
      await Promise.all(storing.map((execution) => execution.whenStored()));
      isBusy = storing.length > 0 || this.#passesUnderWay.size > 0;
    }
  }

  /** Begins no pass any more, and forgets every run once those under way have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#passesUnderWay);
    for (const [id, held] of this.#held) this.#drop(id, held);
  }

  async #passWhileDue(id: number, held: HeldRun): Promise<void> {
    // Events that come together are one pass.
    await new Promise((resolve) => setImmediate(resolve));
    while (held.isDue) {
      held.isDue = false;
      try {
        this.#finish(id, held, await held.execution.pass());
        this.#faults.forget(id);
      } catch (error) {
        // Lost or given up meanwhile: there is nothing to repeat.
        if (this.#held.get(id) === held) this.#repeat(id, held, error);
        break;
      }
    }
    held.isPassing = false;
    if (held.isMoved) this.#finish(id, held, "reload");
  }

  #repeat(id: number, { execution }: HeldRun, error: unknown): void {
    const { dagId, runId } = execution.run;
    const restMs = this.#faults.failed(id);
    this.#parts.log.error("a scheduling pass failed and will be repeated", {
      dagId,
      runId,
      restMs,
      error: messageOf(error),
    });
    this.#parts.clock.after(restMs, () => this.wake(id));
  }

  #finish(id: number, held: HeldRun, result: PassResult): void {
    // It was lost while the pass went on.
    if (this.#held.get(id) !== held) return;
    switch (result) {
      case "open":
        if (held.execution.isResting && !held.isResting) this.#parts.onOver();
        held.isResting = held.execution.isResting;
        return;
      case "over":
        this.#drop(id, held);
        this.#tell(held.execution.run);
        this.#parts.onOver();
        return;
      case "lease_lost":
        this.#lose(id, held);
        return;
      case "reload":
        // Its attempts run on, unheard until the run is claimed again.
        held.execution.forgetAttempts();
        this.#drop(id, held);
        this.#parts.onMoved(held.execution.run);
    }
  }

  #tell(run: DagRun): void {
    for (const resolve of this.#waiters.get(run.id) ?? []) resolve(run);
    this.#waiters.delete(run.id);
  }

  #lose(id: number, held: HeldRun): void {
    const { dagId, runId } = held.execution.run;
    this.#parts.log.warn("the lease of a run was lost: its attempts here are ended", { dagId, runId });
    this.#parts.onLosing(held.execution.run);
    held.execution.cancelAttempts(LEASE_LOST);
    this.#drop(id, held);
    this.#parts.onLost(held.execution.run);
  }

  #drop(id: number, held: HeldRun): void {
    held.isDue = false;
    this.#held.delete(id);
    this.#faults.forget(id);
    held.execution.close();
  }
}
