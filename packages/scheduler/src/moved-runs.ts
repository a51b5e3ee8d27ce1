// Finds out which of the runs held here were sent back or ended by other hands, and lets go of them.

import { messageOf, type Clock, type DagRun, type Logger, type RunStore } from "@memodag/core";
import type { AttemptRouter } from "./attempt-router.ts";
import { CANCELLED } from "./by-hand/cancel-run.ts";
import type { HeldRuns } from "./held-runs.ts";
import { FAULT_REST_MS } from "./scheduler-parts.ts";

/** What {@link MovedRuns} works with. */
export interface MovedRunsParts {
  readonly runs: RunStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly owner: string;
  readonly held: HeldRuns;
  readonly attempts: AttemptRouter;
  /** Lets go of a run's lease, for it to be claimed anew. */
  readonly giveBack: (runId: number) => void;
  /** Hears of runs that others have ended. */
  readonly onEnded: (run: DagRun) => void;
}

/** Asks, one question at a time. */
export class MovedRuns {
  readonly #parts: MovedRunsParts;
  #isAsking = false;
  #isDue = false;

  constructor(parts: MovedRunsParts) {
    this.#parts = parts;
  }

  /** Looks now, or again when it is looking. */
  wake(): void {
    this.#isDue = true;
    if (this.#isAsking) return;
    this.#isAsking = true;
    void this.#askWhileDue();
  }

  /**
   * A run that is held no more because other hands moved it: one that was sent back is claimed anew, with
   * its attempts; one that was ended has them ended.
   */
  take(run: DagRun): void {
    void this.#take(run);
  }

  async #askWhileDue(): Promise<void> {
    const { runs, held, log, owner } = this.#parts;
    while (this.#isDue) {
      this.#isDue = false;
      const begun = held.begun();
      if (begun.length === 0) continue;
      try {
        for (const id of await runs.listMovedRuns(owner, begun)) held.reload(id);
      } catch (error) {
        // The poll is the net: it asks again.
        log.error("could not look for runs changed by hand", { error: messageOf(error) });
      }
    }
    this.#isAsking = false;
  }

  async #take(run: DagRun): Promise<void> {
    const { runs, clock, log, held, attempts, giveBack, onEnded } = this.#parts;
    const { team, dagId, runId } = run;
    let now: DagRun | undefined;
    try {
      now = await runs.findRun(team, dagId, runId);
    } catch (error) {
      log.error("could not look at a run changed by hand", { dagId, runId, error: messageOf(error) });
      clock.after(FAULT_REST_MS, () => this.take(run));
      return;
    }
    if (now?.state === "queued" || now?.state === "running") return giveBack(run.id);
    log.info("a run was ended by hand: its attempts here are ended", { dagId, runId });
    attempts.cancelUnheard(run, CANCELLED);
    if (!now) return;
    onEnded(now);
    held.endedElsewhere(now);
  }
}
