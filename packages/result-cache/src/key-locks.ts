// The locks of a scheduler: leases in the deployment's lock store, and in those that tasks name.

import type { CacheLeases } from "./cache-leases.ts";

/**
 * Opens the leases of a lock store that a team's task names. Where it is unknown, or not the team's, every call fails
 * with the reason.
 */
export type OpenNamedLeases = (team: string, name: string) => CacheLeases;

/** The leases of each lock store. */
export class KeyLocks {
  readonly #common: CacheLeases;
  readonly #open: OpenNamedLeases | undefined;
  readonly #named = new Map<string, CacheLeases>();

  /** @param open absent: tasks use the deployment's lock store, whatever they name */
  constructor(common: CacheLeases, open?: OpenNamedLeases) {
    this.#common = common;
    this.#open = open;
  }

  /** The leases in a lock store; `undefined`: the deployment's. */
  of(team: string, name: string | undefined): CacheLeases {
    if (name === undefined || !this.#open) return this.#common;
    const id = JSON.stringify([team, name]);
    const leases = this.#named.get(id) ?? this.#open(team, name);
    this.#named.set(id, leases);
    return leases;
  }

  /** Gives back all that are held; for the end of a process. */
  async close(): Promise<void> {
    const all = new Set([this.#common, ...this.#named.values()]);
    await Promise.all(Array.from(all, (leases) => leases.close()));
  }
}
