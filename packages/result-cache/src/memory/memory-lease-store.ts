// Leases in this process's memory: for tests, and for installations of one process.

import type { Clock, Digest } from "@memodag/core";
import type { KeyLease, LeaseClaim, LeaseStore, LiveLease } from "../lease-store.ts";

interface Lease extends LiveLease {
  readonly token: number;
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
    this.#leases.set(name, { team, key, token: this.#lastToken, holder, expiresAt: now + leaseMs });
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

  async renewAll(leases: readonly KeyLease[], leaseMs: number): Promise<boolean[]> {
    return await Promise.all(leases.map(({ team, key, token }) => this.tryRenew(team, key, token, leaseMs)));
  }

  async release(team: string, key: Digest, token: number): Promise<void> {
    const name = nameOf(team, key);
    if (this.#leases.get(name)?.token === token) this.#leases.delete(name);
  }

  async releaseAll(leases: readonly KeyLease[]): Promise<void> {
    for (const { team, key, token } of leases) await this.release(team, key, token);
  }

  async list(team?: string): Promise<LiveLease[]> {
    return [...this.#leases.values()]
      .filter((lease) => this.#isLive(lease) && (team === undefined || lease.team === team))
      .map(({ team: of, key, holder, expiresAt }) => ({ team: of, key, holder, expiresAt }));
  }

  async tryRevoke(team: string, key: Digest): Promise<boolean> {
    const name = nameOf(team, key);
    const present = this.#leases.get(name);
    this.#leases.delete(name);
    return present !== undefined && this.#isLive(present);
  }

  #isLive({ expiresAt }: Lease): boolean {
    return expiresAt > this.#clock.now();
  }
}

function nameOf(team: string, key: Digest): string {
  return JSON.stringify([team, key]);
}
