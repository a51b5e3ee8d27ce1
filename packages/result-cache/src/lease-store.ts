// The port of leases: who may run a task for a key while others wait.

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

/**
 * Keeps at most one live lease for each (team, key), by the store's own clock. Every change is one
 * compare-and-set, so that any number of processes may call at once. Any method may throw; the tasks
 * then run without leases.
 */
export interface LeaseStore {
  /**
   * Takes the lease if it is free, expired, or held under the same name: a holder that comes back after
   * a crash need not wait for itself.
   * @param leaseMs milliseconds after which the lease is free unless it is renewed
   */
  tryAcquire(team: string, key: Digest, holder: string, leaseMs: number): Promise<LeaseClaim>;
  /** Lets the lease last for `leaseMs` milliseconds from now; false when the token's is over or lost. */
  tryRenew(team: string, key: Digest, token: number, leaseMs: number): Promise<boolean>;
  /** Frees the lease of that token; nothing happens when it is not held any more. */
  release(team: string, key: Digest, token: number): Promise<void>;
}
