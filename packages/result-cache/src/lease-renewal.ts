// Asks a lease store to renew what is held: together where it can, else one by one.

import { chunksOf, type Clock, type Logger } from "@memodag/core";
import type { BackendOutcome } from "./cache-breaker.ts";
import type { KeyLease, LeaseStore } from "./lease-store.ts";

/** Leases that one call renews: few enough that it ends far within its deadline. */
const RENEWED_TOGETHER = 1_000;

/** The answer of the store about a lease. */
export interface RenewalAnswer {
  /** Undefined: it gave no answer. */
  readonly isRenewed: boolean | undefined;
  /** When it was asked, by the monotonic clock. */
  readonly sentAt: number;
}

/** The parts of {@link LeaseRenewal}. */
export interface LeaseRenewalParts {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly leaseMs: number;
  /** Makes one call of the store, which has a deadline. */
  readonly call: <T>(work: () => Promise<T>) => Promise<BackendOutcome<T>>;
}

/** Renews leases. No method rejects. */
export class LeaseRenewal {
  readonly #parts: LeaseRenewalParts;

  constructor(parts: LeaseRenewalParts) {
    this.#parts = parts;
  }

  /** Renews one lease. */
  async renew({ team, key, token }: KeyLease): Promise<RenewalAnswer> {
    const { store, clock, log, leaseMs, call } = this.#parts;
    const sentAt = clock.monotonic();
    const outcome = await call(() => store.tryRenew(team, key, token, leaseMs));
    if (outcome.kind === "late" || outcome.kind === "failed")
      log.warn("could not renew the lease of a cache key", { team, key, error: outcome.message });
    return { isRenewed: outcome.kind === "answered" ? outcome.value : undefined, sentAt };
  }

  /** Renews any number of leases. `take` is called once for each, as soon as there is an answer. */
  async renewAll(
    leases: readonly KeyLease[],
    take: (lease: KeyLease, answer: RenewalAnswer) => void,
  ): Promise<void> {
    const { store, clock, log, leaseMs, call } = this.#parts;
    if (store.renewAll === undefined) {
      await Promise.all(leases.map(async (lease) => take(lease, await this.renew(lease))));
      return;
    }
    // One call after another, so that others get their turn in between.
    for (const some of chunksOf(leases, RENEWED_TOGETHER)) {
      const sentAt = clock.monotonic();
      const outcome = await call(async () => store.renewAll?.(some, leaseMs));
      if (outcome.kind === "late" || outcome.kind === "failed")
        log.warn("could not renew the leases of cache keys", { count: some.length, error: outcome.message });
      const answers = outcome.kind === "answered" ? (outcome.value ?? []) : undefined;
      for (const [index, lease] of some.entries())
        take(lease, { isRenewed: answers && answers[index] === true, sentAt });
    }
  }
}
