// A record store that several caches use. Lookups that begin together are one call, so that it is asked once a pass.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Digest } from "@memodag/core";
import type { FoundRecord, RecordStore, StoreCallOptions } from "./record-store.ts";
import type { CacheRecords } from "./result-cache.ts";

interface Joined {
  readonly keys: Set<Digest>;
  readonly found: Promise<Map<Digest, FoundRecord>>;
  /** Callers that still wait; the call ends with the last. */
  waiting: number;
  readonly ended: AbortController;
}

/** Shares a record store among caches. */
export class SharedRecords {
  readonly #records: RecordStore;
  readonly #open = new Map<string, Joined>();
  #users = 0;

  constructor(records: RecordStore) {
    this.#records = records;
  }

  /** The records for one more cache. */
  share(): CacheRecords {
    this.#users += 1;
    const records = this.#records;
    return {
      find: (team, keys, options) => this.#find(team, keys, options),
      put: (record, mode, lease) => records.put(record, mode, lease),
      putAll: async (puts) => await records.putAll?.(puts),
      touch: (team, hits) => records.touch(team, hits),
      purge: (filter, cause) => records.purge(filter, cause),
    };
  }

  /** Joined finds may answer with more keys than were asked for. */
  async #find(
    team: string,
    keys: readonly Digest[],
    options: StoreCallOptions = {},
  ): Promise<Map<Digest, FoundRecord>> {
    if (this.#users === 1) return await this.#records.find(team, keys, options);
    const { signal } = options;
    signal?.throwIfAborted();
    const open = this.#open.get(team);
    const joined = open && !open.ended.signal.aborted ? open : this.#begin(team);
    for (const key of keys) joined.keys.add(key);
    joined.waiting += 1;
    const leave = (): void => {
      joined.waiting -= 1;
      if (joined.waiting === 0) joined.ended.abort(signal?.reason);
    };
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await joined.found;
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  #begin(team: string): Joined {
    const keys = new Set<Digest>();
    const ended = new AbortController();
    const found = nextTurn().then(async () => {
      if (this.#open.get(team) === joined) this.#open.delete(team);
      return await this.#records.find(team, [...keys], { signal: ended.signal });
    });
    const joined: Joined = { keys, found, waiting: 0, ended };
    this.#open.set(team, joined);
    return joined;
  }
}
