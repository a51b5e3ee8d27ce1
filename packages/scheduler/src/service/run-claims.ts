// Claims the leases of runs that are free.

import { messageOf, type ClaimedRun, type Clock, type Logger, type RunStore } from "@memodag/core";
import { isDeadOwner } from "../identity/process-identity.ts";
import type { SchedulerOptions } from "./scheduler-parts.ts";

/** Runs claimed at a time, so that each of several idle schedulers gets its share of a burst. */
const CLAIM_BATCH = 4;

export interface RunClaimsParts {
  readonly runs: RunStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly owner: string;
  readonly options: Pick<SchedulerOptions, "leaseMs" | "maxRuns" | "dag" | "runs">;
  /** Runs held now that are not at rest. */
  readonly countHeld: () => number;
  /** Runs that are skipped for now. */
  readonly exceptRuns: () => readonly number[];
  /** Runs held now. */
  readonly heldRuns: () => Iterable<number>;
  /** Takes claimed runs, whose leases were requested at `askedAt` by the monotonic clock. */
  readonly take: (claimed: readonly ClaimedRun[], askedAt: number) => Promise<void>;
}

/** Claims runs, one batch after the other. */
export class RunClaims {
  readonly #parts: RunClaimsParts;
  /** The only runs to claim; undefined: any run. */
  readonly #runs: Set<number> | undefined;
  /** Leases to release before the next claim. */
  readonly #unwanted = new Set<number>();
  /** The outcome of the latest claim is not known: runs may have been claimed that are not held. */
  #mayHaveStrays = false;
  #isClaiming = false;
  #isDue = false;
  #isClosed = false;
  #underWay = Promise.resolve();
  #count = 0;

  constructor(parts: RunClaimsParts) {
    this.#parts = parts;
    const { runs, dag } = parts.options;
    this.#runs = runs || dag ? new Set(runs) : undefined;
  }

  /** How many claims have started. */
  get count(): number {
    return this.#count;
  }

  get isClaiming(): boolean {
    return this.#isClaiming;
  }

  /** Also claims this run, whatever its Dag; for a scheduler that is restricted to some runs. */
  alsoTake(runId: number): void {
    this.#runs?.add(runId);
  }

  /** Looks for runs now, or once more if a claim is in progress. */
  wake(): void {
    this.#isDue = true;
    if (this.#isClaiming || this.#isClosed) return;
    this.#isClaiming = true;
    this.#underWay = this.#claimWhileDue();
  }

  /**
   * Releases leases, again until it succeeds. Serialized with claims: a late release would give up a run that was
   * claimed since.
   */
  giveBack(runIds: readonly number[]): void {
    for (const id of runIds) this.#unwanted.add(id);
    this.wake();
  }

  /** Resolves when no lease is to be released, or nothing more is done. */
  async whenGivenBack(): Promise<void> {
    while (this.#unwanted.size > 0 && !this.#isClosed) {
      this.wake();
      await this.#underWay;
    }
  }

  /** Claims nothing more; resolves when the work in progress has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#underWay;
  }

  async #claimWhileDue(): Promise<void> {
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      this.#count += 1;
      try {
        await this.#release();
        await this.#claim();
      } catch (error) {
        // The poll tries again.
        this.#parts.log.error("could not claim or release runs", { error: messageOf(error) });
      }
    }
    this.#isClaiming = false;
  }

  async #release(): Promise<void> {
    const ids = [...this.#unwanted];
    if (ids.length === 0) return;
    await this.#parts.runs.releaseLeases(this.#parts.owner, ids);
    for (const id of ids) this.#unwanted.delete(id);
  }

  async #claim(): Promise<void> {
    const { runs, clock, owner, options, countHeld, exceptRuns, heldRuns, take } = this.#parts;
    const limit = Math.min(CLAIM_BATCH, options.maxRuns() - countHeld());
    if (limit <= 0) return;
    const deadOwners = (await runs.listLeaseOwners()).filter(isDeadOwner);
    const claimsStrays = this.#mayHaveStrays;
    this.#mayHaveStrays = true;
    const askedAt = clock.monotonic();
    const claimed = await runs.claimRuns({
      owner,
      leaseMs: options.leaseMs,
      limit,
      deadOwners: claimsStrays ? [...deadOwners, owner] : deadOwners,
      exceptRuns: claimsStrays ? [...exceptRuns(), ...heldRuns()] : exceptRuns(),
      ...(options.dag && !options.runs && { dag: options.dag }),
      ...(this.#runs && { runs: [...this.#runs] }),
    });
    this.#mayHaveStrays = false;
    // There may be more: a claim looks only at the oldest.
    if (claimed.length > 0) this.#isDue = true;
    await take(claimed, askedAt);
  }
}
