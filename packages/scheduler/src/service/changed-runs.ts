// Finds out which of the runs held here were changed or ended by another process, and continues accordingly.
//
// The lease stays here meanwhile: running attempts are adopted when the run is loaded again, or are ended,
// and only then is the lease released. Otherwise another scheduler would run all of them a second time.

import {
  messageOf,
  type ClaimedRun,
  type Clock,
  type DagRun,
  type Logger,
  type RunStore,
} from "@memodag/core";
import type { AttemptRouter } from "../attempts/attempt-router.ts";
import { CANCELLED } from "../manual/cancel-run.ts";
import { LEASE_LOST, type HeldRuns } from "./held-runs.ts";
import { FAULT_REST_MS } from "./scheduler-parts.ts";

export interface ChangedRunsParts {
  readonly runs: RunStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly owner: string;
  readonly leaseMs: number;
  readonly held: HeldRuns;
  readonly attempts: AttemptRouter;
  /** Takes a run that was loaded again; false when that failed. */
  readonly take: (claimed: ClaimedRun) => Promise<boolean>;
  /** Releases the lease of a run that has no attempts here any more. */
  readonly giveBack: (runId: number) => void;
  /** Notified of runs that another process has ended. */
  readonly onEnded: (run: DagRun) => void;
}

/** Queries the database, one query at a time. */
export class ChangedRuns {
  readonly #parts: ChangedRunsParts;
  /** Runs that are no longer held and whose attempts may still be running, by number. */
  readonly #moving = new Map<number, DagRun>();
  #isAsking = false;
  #isDue = false;
  readonly #ending = new Set<Promise<void>>();
  #isClosed = false;

  constructor(parts: ChangedRunsParts) {
    this.#parts = parts;
  }

  /** True until the run's attempts here are adopted or have ended. */
  isMoving(runId: number): boolean {
    return this.#moving.has(runId);
  }

  /** Looks now, or once more if a look is in progress. */
  wake(): void {
    this.#isDue = true;
    if (this.#isAsking || this.#isClosed) return;
    this.#isAsking = true;
    void this.#askWhileDue();
  }

  /**
   * Takes a run that is no longer held because another process changed it: it is loaded again, or ended here
   * as well.
   */
  take(run: DagRun): void {
    this.#moving.set(run.id, run);
    void this.#take(run);
  }

  /** Takes a run whose lease was lost: if another process ended it, those who wait for that are notified. */
  lost(run: DagRun): void {
    void this.#tellIfEnded(run);
  }

  /** No lease can be relied on: all attempts of moved runs are ended. */
  loseAll(): void {
    for (const run of this.#moving.values()) void this.#parts.attempts.release(run, LEASE_LOST);
  }

  /** Resolves when the attempts of the runs that were ended elsewhere have ended here. */
  async whenEnded(): Promise<void> {
    await Promise.all(this.#ending);
  }

  /** Queries nothing more. */
  close(): void {
    this.#isClosed = true;
  }

  async #askWhileDue(): Promise<void> {
    const { runs, held, log, owner } = this.#parts;
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      const loaded = held.loaded();
      if (loaded.length === 0) continue;
      try {
        const moved = new Set(await runs.listChangedRuns(owner, loaded));
        for (const run of loaded) if (moved.has(run.id)) held.reload(run);
      } catch (error) {
        // The poll tries again.
        log.error("could not look for manually changed runs", { error: messageOf(error) });
      }
    }
    this.#isAsking = false;
  }

  async #take(run: DagRun): Promise<void> {
    const { runs, clock, log, owner, leaseMs, take } = this.#parts;
    const { dagId, runId } = run;
    let now: DagRun | undefined;
    try {
      const claimed = await runs.reloadRun(owner, leaseMs, run.id);
      if (claimed && !this.#isClosed && (await take(claimed))) {
        this.#moving.delete(run.id);
        return;
      }
      now = await runs.findRun(run.team, dagId, runId);
    } catch (error) {
      log.error("could not look up a manually changed run", { dagId, runId, error: messageOf(error) });
      clock.after(FAULT_REST_MS, () => void this.#take(run));
      return;
    }
    const isEnded = now?.state !== "queued" && now?.state !== "running";
    if (isEnded) log.info("a run was ended manually; ending its attempts here", { dagId, runId });
    const ended = this.#end(run, isEnded);
    this.#ending.add(ended);
    if (isEnded && now) this.#tell(now);
    await ended;
    this.#ending.delete(ended);
  }

  async #end(run: DagRun, isEnded: boolean): Promise<void> {
    const { attempts } = this.#parts;
    await (isEnded ? attempts.cancelDetached(run, CANCELLED) : attempts.release(run, LEASE_LOST));
    this.#moving.delete(run.id);
    this.#parts.giveBack(run.id);
  }

  async #tellIfEnded({ team, dagId, runId }: DagRun): Promise<void> {
    try {
      const now = await this.#parts.runs.findRun(team, dagId, runId);
      if (now && now.state !== "queued" && now.state !== "running") this.#tell(now);
    } catch (error) {
      this.#parts.log.warn("could not look up a run whose lease was lost", {
        dagId,
        runId,
        error: messageOf(error),
      });
    }
  }

  #tell(run: DagRun): void {
    this.#parts.onEnded(run);
    this.#parts.held.endedElsewhere(run);
  }
}
