// Lets one process at a time do what need not be done twice.

import { messageOf, sha256, type CancelTimer, type Clock, type Logger } from "@memodag/core";
import type { LeaseStore } from "@memodag/result-cache";

/** The parts of a {@link Leadership}. */
export interface LeadershipParts {
  readonly leases: LeaseStore;
  /** Tells this process from others. */
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Milliseconds after which another process may lead if this one was killed. */
const LEASE_MS = 60_000;

/** No team is called so. */
const TEAM = "";

/** A key of no record. */
const KEY = sha256("the removal of old runs");

/** Who removes old runs. Others could, too, without harm; it would be done twice. */
export class Leadership {
  readonly #parts: LeadershipParts;

  constructor(parts: LeadershipParts) {
    this.#parts = parts;
  }

  /** Does `work` unless another process leads. Its signal aborts with `signal`, and when another one takes over. */
  async lead(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { leases, holder } = this.#parts;
    const claim = await leases.tryAcquire(TEAM, KEY, holder, LEASE_MS);
    if (claim.kind === "held") return;
    const lost = new AbortController();
    const stopRenewing = this.#renew(claim.token, () => lost.abort());
    try {
      await work(AbortSignal.any([signal, lost.signal]));
    } finally {
      stopRenewing();
      await leases.release(TEAM, KEY, claim.token);
    }
  }

  #renew(token: number, onLost: () => void): () => void {
    const { leases, clock, log } = this.#parts;
    let cancel: CancelTimer;
    const schedule = (): void => {
      cancel = clock.after(LEASE_MS / 3, () => {
        void leases.tryRenew(TEAM, KEY, token, LEASE_MS).then(
          (isHeld) => (isHeld ? schedule() : onLost()),
          (error: unknown) => {
            log.warn("could not renew the lease of the removal of old runs", { error: messageOf(error) });
            onLost();
          },
        );
      });
    };
    schedule();
    return () => cancel();
  }
}
