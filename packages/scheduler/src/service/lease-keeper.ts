// Renews the leases of a scheduler, and knows how long they can be relied on.

import { messageOf, type CancelTimer, type Clock, type Logger, type RunStore } from "@memodag/core";

/** Renewals within the length of a lease. */
const RENEWALS = 3;

export interface LeaseKeeperParts {
  readonly runs: RunStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly owner: string;
  readonly leaseMs: number;
  /**
   * Called before a renewal; undefined if there is nothing to renew. The returned function is called with the ids of
   * the leases that were renewed: those that were held before and are not among them belong to others.
   */
  readonly ask: () => ((renewed: ReadonlySet<number>) => void) | undefined;
  /** No lease could be renewed within the length of a lease: others may have all of them. */
  onExpired(): void;
}

/**
 * Uses this process's monotonic clock, counted from before a renewal is requested, so that a lease ends here
 * before it ends in the database, even if the process was suspended or the database is unreachable.
 */
export class LeaseKeeper {
  readonly #parts: LeaseKeeperParts;
  #sureUntil = -Infinity;
  /** When the latest renewal that was answered was requested. */
  #answeredAt = -Infinity;
  #cancelTimer: CancelTimer = () => undefined;

  constructor(parts: LeaseKeeperParts) {
    this.#parts = parts;
  }

  /** True while no lease can have expired. */
  get areSure(): boolean {
    return this.#parts.clock.monotonic() < this.#sureUntil;
  }

  /** Records that the oldest lease was requested at `askedAt`, by the monotonic clock. */
  begin(askedAt: number): void {
    this.#sureUntil = askedAt + this.#parts.leaseMs;
  }

  start(): void {
    const { clock, leaseMs } = this.#parts;
    this.#cancelTimer = clock.after(leaseMs / RENEWALS, () => this.start());
    // Whether or not the previous renewal was answered: one that hangs must not cost the leases.
    void this.#renew();
    this.#checkExpiry();
  }

  stop(): void {
    this.#cancelTimer();
  }

  async #renew(): Promise<void> {
    const { runs, clock, log, owner, leaseMs } = this.#parts;
    const onRenewed = this.#parts.ask();
    if (!onRenewed) return;
    const askedAt = clock.monotonic();
    try {
      const renewed = new Set(await runs.renewLeases(owner, leaseMs));
      if (askedAt < this.#answeredAt) return;
      this.#answeredAt = askedAt;
      this.#sureUntil = askedAt + leaseMs;
      onRenewed(renewed);
    } catch (error) {
      log.error("could not renew leases", { error: messageOf(error) });
      this.#checkExpiry();
    }
  }

  #checkExpiry(): void {
    if (!this.areSure) this.#parts.onExpired();
  }
}
