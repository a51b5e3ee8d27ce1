// The runs that this scheduler holds: their passes are sequential, and each run ends, is lost or is released.

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

export interface HeldRunsParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** A run is over or only waits, so that there may be capacity for another. */
  readonly onOver: () => void;
  /**
   * Another process changed the run. It is no longer held; its attempts keep running, and their events are
   * buffered.
   */
  readonly onMoved: (run: DagRun) => void;
  /**
   * Its lease belongs to another scheduler, or may do so: the outcome of its attempts is no longer awaited.
   */
  readonly onLosing: (run: DagRun) => void;
  /** Called afterwards, when its attempts are being ended here. */
  readonly onLost: (run: DagRun) => void;
}

interface HeldRun {
  readonly execution: RunExecution;
  isPassing: boolean;
  /** After its last pass it only had to wait. */
  isResting: boolean;
  /** Something happened since the pass in progress began. */
  isDue: boolean;
  /** Another process changed it during a pass. */
  isMoved: boolean;
}

/** Waits after failed passes, in milliseconds: any event of the run ends one early. */
const PASS_RESTS = { firstMs: 1_000, longestMs: 30_000 };

/** The error of attempts whose run's lease was lost. */
export const LEASE_LOST: StoredError = {
  code: "attempt_lost",
  message: "the lease of its run was lost: another scheduler may have taken it over",
};

/** Runs by id, each with at most one pass in progress. */
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

  /** The runs held now, with the version in which they were loaded. */
  loaded(): LoadedRunName[] {
    return Array.from(this.#held, ([id, { execution }]) => ({ id, handCount: execution.handCount }));
  }

  /**
   * The number of runs that do more than wait for a time or for another run; an awaited run needs capacity
   * too.
   */
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

  /** Adds a claimed run and wakes it. */
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

  /** Resolves with the run when this scheduler has completed it. */
  async whenOver(id: number): Promise<DagRun> {
    return await new Promise((resolve) => {
      this.#waiters.set(id, [...(this.#waiters.get(id) ?? []), resolve]);
    });
  }

  /** Requests a pass; requests made during a pass are combined. */
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

  /** Wakes a run that could not dispatch while its lease was in doubt. */
  wakeToSubmit(id: number): void {
    if (this.#held.get(id)?.execution.wantsToSubmit) this.wake(id);
  }

  /** Another process changed a run since it was loaded: it continues from its current rows. */
  reload({ id, handCount }: LoadedRunName): void {
    const held = this.#held.get(id);
    // A late answer does not apply to a run that was loaded again meanwhile.
    if (!held || held.execution.handCount !== handCount) return;
    if (held.isPassing) held.isMoved = true;
    else this.#finish(id, held, "reload");
  }

  /** Another process has ended a run that was held here. */
  endedElsewhere(run: DagRun): void {
    this.#tell(run);
    this.#parts.onOver();
  }

  /** The lease of a run belongs to another scheduler, or may do so: its attempts here are ended. */
  lose(id: number): void {
    const held = this.#held.get(id);
    if (held) this.#lose(id, held);
  }

  /** The same for a lease that was not renewed; a run that a pass is ending now is not lost. */
  loseUnrenewed(id: number): void {
    const held = this.#held.get(id);
    if (held && !held.isPassing) this.#lose(id, held);
  }

  /** Runs passes until everything that has ended is written and its results are stored. */
  async finishEnded(): Promise<void> {
    for (let isBusy = true; isBusy;) {
      // Stores may have left statuses for a later pass that would not happen otherwise.
      for (const [id, { execution }] of this.#held) if (execution.hasNews) this.wake(id);
      await Promise.all(this.#passesUnderWay);
      const storing = Array.from(this.#held.values(), ({ execution }) => execution).filter(
        ({ isStoring }) => isStoring,
      );
      await Promise.all(storing.map((execution) => execution.whenStored()));
      isBusy = storing.length > 0 || this.#passesUnderWay.size > 0;
    }
  }

  /** Starts no more passes, and drops every run once the passes in progress have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#passesUnderWay);
    for (const [id, held] of this.#held) this.#drop(id, held);
  }

  async #passWhileDue(id: number, held: HeldRun): Promise<void> {
    // Events that arrive together share a pass.
    await new Promise((resolve) => setImmediate(resolve));
    while (held.isDue) {
      held.isDue = false;
      try {
        this.#finish(id, held, await held.execution.pass());
        this.#faults.forget(id);
      } catch (error) {
        // If it was lost or released meanwhile, there is nothing to repeat.
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
    this.#parts.log.error("a scheduling pass failed; retrying", {
      dagId,
      runId,
      restMs,
      error: messageOf(error),
    });
    this.#parts.clock.after(restMs, () => this.wake(id));
  }

  #finish(id: number, held: HeldRun, result: PassResult): void {
    // It was lost during the pass.
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
        // Its attempts keep running; their events are buffered until the run is claimed again.
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
    this.#parts.log.warn("the lease of a run was lost; ending its attempts here", { dagId, runId });
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
