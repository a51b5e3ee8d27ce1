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
  /** Called before a renewal; its result is passed to `onRenewed`. */
  readonly listHeld: () => ReadonlySet<number>;
  /** Leases were renewed: those in `asked` but not in `renewed` belong to others. */
  onRenewed(asked: ReadonlySet<number>, renewed: ReadonlySet<number>): void;
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
  #isRenewing = false;
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
    if (this.#isRenewing) this.#checkExpiry();
    else void this.#renew();
  }

  stop(): void {
    this.#cancelTimer();
  }

  async #renew(): Promise<void> {
    const { runs, clock, log, owner, leaseMs } = this.#parts;
    const asked = this.#parts.listHeld();
    if (asked.size === 0) return;
    const askedAt = clock.monotonic();
    this.#isRenewing = true;
    try {
      const renewed = new Set(await runs.renewLeases(owner, leaseMs));
      this.#sureUntil = askedAt + leaseMs;
      this.#parts.onRenewed(asked, renewed);
    } catch (error) {
      log.error("could not renew leases", { error: messageOf(error) });
      this.#checkExpiry();
    } finally {
      this.#isRenewing = false;
    }
  }

  #checkExpiry(): void {
    if (!this.areSure) this.#parts.onExpired();
  }
}
