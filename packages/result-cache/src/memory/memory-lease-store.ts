// Leases in this process's memory: for tests, and for installations of one process.

import type { Clock, Digest } from "@memodag/core";
import type { LeaseClaim, LeaseStore } from "../lease-store.ts";

interface Lease {
  readonly token: number;
  readonly holder: string;
  readonly expiresAt: number;
}

/** A lease store that is gone with its process. Time is the given clock's. */
export class MemoryLeaseStore implements LeaseStore {
  readonly #clock: Clock;
  readonly #leases = new Map<string, Lease>();
  /** One sequence for all keys, so that a lease that is gone leaves nothing to keep. */
  #lastToken = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async tryAcquire(team: string, key: Digest, holder: string, leaseMs: number): Promise<LeaseClaim> {
    const name = nameOf(team, key);
    const now = this.#clock.now();
    const present = this.#leases.get(name);
    if (present && present.holder !== holder && present.expiresAt > now) {
      return { kind: "held", holder: present.holder };
    }
    this.#lastToken += 1;
    this.#leases.set(name, { token: this.#lastToken, holder, expiresAt: now + leaseMs });
    return { kind: "acquired", token: this.#lastToken };
  }

  async tryRenew(team: string, key: Digest, token: number, leaseMs: number): Promise<boolean> {
    const name = nameOf(team, key);
    const now = this.#clock.now();
    const present = this.#leases.get(name);
    if (present?.token !== token || present.expiresAt <= now) return false;
    this.#leases.set(name, { ...present, expiresAt: now + leaseMs });
    return true;
  }

  async release(team: string, key: Digest, token: number): Promise<void> {
    const name = nameOf(team, key);
    if (this.#leases.get(name)?.token === token) this.#leases.delete(name);
  }
}

function nameOf(team: string, key: Digest): string {
  return JSON.stringify([team, key]);
}
