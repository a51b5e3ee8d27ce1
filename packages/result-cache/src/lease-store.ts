// The port of leases: who may run a task for a key while others wait. A lock store is one of these.

import type { Digest } from "@memodag/core";

/** The outcome of asking for a lease. */
export type LeaseClaim =
  | {
      readonly kind: "acquired";
      /** Fencing token: greater than that of every earlier lease of this key. */
      readonly token: number;
    }
  /** Held and not expired; `holder` is the name that its holder gave. */
  | { readonly kind: "held"; readonly holder: string };

/** The lease under which a result was made. */
export interface LeaseToken {
  readonly token: number;
  /** See {@link LeaseStore.database}. */
  readonly database: unknown;
}

/** A lease, as its holder knows it. */
export interface KeyLease {
  readonly team: string;
  readonly key: Digest;
  readonly token: number;
}

/** A lease that has not expired. */
export interface LiveLease {
  readonly team: string;
  readonly key: Digest;
  readonly holder: string;
  /** Milliseconds since the Unix epoch, by the store's clock. */
  readonly expiresAt: number;
}

/**
 * Keeps at most one live lease for each (team, key), by the store's own clock. Every change is one
 * compare-and-set, so that any number of processes may call at once. Any method may throw; unless a task asks for
 * something else, it then runs without a lease. The contract is exported as tests by `@memodag/result-cache/testing`.
 */
export interface LeaseStore {
  /**
   * Identifies the database of the leases. A record store with its records in the same one compares the token of a
   * lease in the statement that stores a record. Absent: its holder renews the lease just before.
   */
  readonly database?: unknown;
  /**
   * Takes the lease if it is free, expired, or held under the same name: a holder that comes back after
   * a crash need not wait for itself.
   * @param leaseMs milliseconds after which the lease is free unless it is renewed
   */
  tryAcquire(team: string, key: Digest, holder: string, leaseMs: number): Promise<LeaseClaim>;
  /** Lets the lease last for `leaseMs` milliseconds from now; false when the token's is over or lost. */
  tryRenew(team: string, key: Digest, token: number, leaseMs: number): Promise<boolean>;
  /**
   * Renews several leases, each as `tryRenew` does: one answer for each, in their order. Absent: they are renewed one by
   * one, and a holder of thousands sends as many calls.
   */
  renewAll?(leases: readonly KeyLease[], leaseMs: number): Promise<readonly boolean[]>;
  /** Frees the lease of that token; nothing happens when it is not held any more. */
  release(team: string, key: Digest, token: number): Promise<void>;
  /** Frees several leases, each as `release` does. Absent: they are freed one by one. */
  releaseAll?(leases: readonly KeyLease[]): Promise<void>;
  /** The live leases of a team, or of all teams, in any order. */
  list(team?: string): Promise<readonly LiveLease[]>;
  /** Frees a lease of any holder: its token is over. False when there was none. */
  tryRevoke(team: string, key: Digest): Promise<boolean>;
  /** May be called more than once. */
  close?(): Promise<void>;
}

/** The methods that every lease store has; others may be absent. */
export const LEASE_STORE_METHODS = ["tryAcquire", "tryRenew", "release", "list", "tryRevoke"] as const;
