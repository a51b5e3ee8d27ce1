// Has a lease store renew and free leases: together where it can, else one by one.

import { chunksOf, type Clock, type Logger } from "@memodag/core";
import type { BackendOutcome } from "./cache-breaker.ts";
import { inBatches } from "./in-batches.ts";
import type { KeyLease, LeaseStore } from "./lease-store.ts";

/** Leases of one call: few enough that it ends far within its deadline. */
const TOGETHER = 1_000;

/** Answer of the store for a lease. */
export interface RenewalAnswer {
  /** Undefined: it gave no answer. */
  readonly isRenewed: boolean | undefined;
  /** When it was asked, by the monotonic clock. */
  readonly sentAt: number;
}

/** The parts of {@link LeaseCalls}. */
export interface LeaseCallsParts {
  readonly store: LeaseStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly leaseMs: number;
  /** Makes one call of the store, which has a deadline; `insists`: see the breaker. */
  readonly call: <T>(work: () => Promise<T>, insists?: boolean) => Promise<BackendOutcome<T>>;
}

/** Calls for any number of leases, one after another: others get their turn in between. No method rejects. */
export class LeaseCalls {
  readonly #parts: LeaseCallsParts;

  constructor(parts: LeaseCallsParts) {
    this.#parts = parts;
  }

  /** Renews leases. `take` is called once for each, as soon as there is an answer. */
  async renew(
    leases: readonly KeyLease[],
    take: (lease: KeyLease, answer: RenewalAnswer) => void,
  ): Promise<void> {
    const { store, clock, log, leaseMs, call } = this.#parts;
    if (store.renewAll === undefined || leases.length === 1) {
      await Promise.all(leases.map(async (lease) => take(lease, await this.#renewOne(lease))));
      return;
    }
    for (const some of chunksOf(leases, TOGETHER)) {
      const sentAt = clock.monotonic();
      const outcome = await call(async () => store.renewAll?.(some, leaseMs), true);
      if (outcome.kind === "late" || outcome.kind === "failed")
        log.warn("could not renew the leases of cache keys", { count: some.length, error: outcome.message });
      const answers = outcome.kind === "answered" ? (outcome.value ?? []) : undefined;
      for (const [index, lease] of some.entries())
        take(lease, { isRenewed: answers && answers[index] === true, sentAt });
    }
  }

  /** Frees leases; `take` is called once for each. Where the store does not take them, they expire. */
  async release(leases: readonly KeyLease[], take: (lease: KeyLease) => void): Promise<void> {
    const { store, log, call } = this.#parts;
    if (store.releaseAll === undefined || leases.length === 1) {
      // Thousands at once would wait for each other until their deadlines.
      await inBatches(leases, async (lease) => {
        const { team, key, token } = lease;
        const outcome = await call(() => store.release(team, key, token));
        if (outcome.kind !== "answered")
          log.warn("could not give back the lease of a cache key; it expires", {
            team,
            key,
            error: outcome.message,
          });
        take(lease);
      });
      return;
    }
    for (const some of chunksOf(leases, TOGETHER)) {
      const outcome = await call(async () => store.releaseAll?.(some));
      if (outcome.kind !== "answered")
        log.warn("could not give back the leases of cache keys; they expire", {
          count: some.length,
          error: outcome.message,
        });
      for (const lease of some) take(lease);
    }
  }

  async #renewOne({ team, key, token }: KeyLease): Promise<RenewalAnswer> {
    const { store, clock, log, leaseMs, call } = this.#parts;
    const sentAt = clock.monotonic();
    const outcome = await call(() => store.tryRenew(team, key, token, leaseMs), true);
    if (outcome.kind === "late" || outcome.kind === "failed")
      log.warn("could not renew the lease of a cache key", { team, key, error: outcome.message });
    return { isRenewed: outcome.kind === "answered" ? outcome.value : undefined, sentAt };
  }
}
