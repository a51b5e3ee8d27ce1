// Takes the leases of runs that are free, whenever there may be some.

import { messageOf, type ClaimedRun, type Clock, type Logger, type RunStore } from "@memodag/core";
import { isDeadOwner } from "../identity/process-identity.ts";
import type { SchedulerOptions } from "./scheduler-parts.ts";

/** Runs claimed at a time, so that each of several idle schedulers gets its share of a burst. */
const CLAIM_BATCH = 4;

/** What {@link RunClaims} works with. */
export interface RunClaimsParts {
  readonly runs: RunStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly owner: string;
  readonly options: Pick<SchedulerOptions, "leaseMs" | "maxRuns" | "dag" | "runs">;
  /** Runs held now that are not at rest. */
  readonly countHeld: () => number;
  /** Runs that are left alone for now. */
  readonly exceptRuns: () => readonly number[];
  /** Takes claimed runs, whose leases were asked for at that time of the monotonic clock. */
  readonly take: (claimed: readonly ClaimedRun[], askedAt: number) => Promise<void>;
}

/** Claims, one after the other. */
export class RunClaims {
  readonly #parts: RunClaimsParts;
  /** The only runs to claim; undefined: not restricted to some. */
  readonly #runs: Set<number> | undefined;
  #isClaiming = false;
  #isDue = false;
  #isClosed = false;
  #underWay = Promise.resolve();
  /** Ends when the claim, or the giving back, that came last has ended. */
  #turn = Promise.resolve();
  #count = 0;

  constructor(parts: RunClaimsParts) {
    this.#parts = parts;
    const { runs, dag } = parts.options;
    this.#runs = runs || dag ? new Set(runs) : undefined;
  }

  /** How many claims have begun. */
  get count(): number {
    return this.#count;
  }

  get isClaiming(): boolean {
    return this.#isClaiming;
  }

  /** Claims this run too, whatever Dag it is of; where only some runs are claimed. */
  alsoTake(runId: number): void {
    this.#runs?.add(runId);
  }

  /** Looks for runs now, or again when a claim is under way. */
  wake(): void {
    this.#isDue = true;
    if (this.#isClaiming || this.#isClosed) return;
    this.#isClaiming = true;
    this.#underWay = this.#claimWhileDue();
  }

  /**
   * Gives leases back. In turn with claims: one that reached the database late would give back what was
   * claimed since.
   */
  giveBack(runIds: readonly number[]): void {
    const { runs, owner, log } = this.#parts;
    void this.#inTurn(() => runs.releaseLeases(owner, runIds)).then(
      () => this.wake(),
      (error: unknown) => log.error("could not give a run back", { error: messageOf(error) }),
    );
  }

  /** Claims nothing more; resolves when what is under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#underWay;
    await this.#turn;
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  async #claimWhileDue(): Promise<void> {
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      this.#count += 1;
      try {
        await this.#inTurn(() => this.#claim());
      } catch (error) {
        // The poll is the net: it asks again.
        this.#parts.log.error("could not claim runs", { error: messageOf(error) });
      }
    }
    this.#isClaiming = false;
  }

  async #claim(): Promise<void> {
    const { runs, clock, owner, options, countHeld, exceptRuns, take } = this.#parts;
    const limit = Math.min(CLAIM_BATCH, options.maxRuns() - countHeld());
    if (limit <= 0) return;
    const deadOwners = (await runs.listLeaseOwners()).filter(isDeadOwner);
    const askedAt = clock.monotonic();
    const claimed = await runs.claimRuns({
      owner,
      leaseMs: options.leaseMs,
      limit,
      deadOwners,
      exceptRuns: exceptRuns(),
      ...(options.dag && !options.runs && { dag: options.dag }),
      ...(this.#runs && { runs: [...this.#runs] }),
    });
    // There may be more: a claim looks at the oldest alone.
    if (claimed.length > 0) this.#isDue = true;
    await take(claimed, askedAt);
  }
}
