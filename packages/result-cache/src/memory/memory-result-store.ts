// Results in this process's memory: for tests, and for installations of one process.

import { systemClock, type Clock, type Digest } from "@memodag/core";
import type { ResultBytes, ResultStore } from "../result-store.ts";
import type { Amount, ResultRetention, StoredResult } from "../retention-ports.ts";

interface Kept {
  readonly bytes: Uint8Array;
  readonly writtenAt: number;
}

/** A result store that is gone with its process. */
export class MemoryResultStore implements ResultStore {
  readonly #clock: Clock;
  readonly #teams = new Map<string, Map<Digest, Kept>>();

  /** @param clock tells how old bytes are, for collecting them; default: the host's */
  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  async read(team: string, digests: readonly Digest[]): Promise<Map<Digest, Uint8Array>> {
    const results = this.#teams.get(team);
    const found = new Map<Digest, Uint8Array>();
    for (const digest of digests) {
      const kept = results?.get(digest);
      if (kept) found.set(digest, kept.bytes);
    }
    return found;
  }

  async write(team: string, results: readonly ResultBytes[]): Promise<void> {
    const known = this.#teams.get(team) ?? new Map<Digest, Kept>();
    this.#teams.set(team, known);
    // Always anew, so that bytes which do not fit their digest heal. A copy: what was stored must not
    // change with the caller's buffer.
    const writtenAt = this.#clock.now();
    for (const { digest, bytes } of results) known.set(digest, { bytes: new Uint8Array(bytes), writtenAt });
  }

  async delete(team: string, digests: readonly Digest[]): Promise<void> {
    for (const digest of digests) this.#teams.get(team)?.delete(digest);
  }

  async retention(): Promise<ResultRetention> {
    return {
      scan: (limit) => this.#scan(limit),
      sizesOf: async (team, digests) => {
        const found = await this.read(team, digests);
        return new Map(Array.from(found, ([digest, bytes]) => [digest, bytes.length]));
      },
      deleteUnnamed: async (team, digests, olderThanMs) => this.#deleteOld(team, digests, olderThanMs),
    };
  }

  async *#scan(limit: number): AsyncGenerator<readonly StoredResult[]> {
    for (const [team, results] of this.#teams) {
      const all = Array.from(results, ([digest, { bytes, writtenAt }]) => ({
        team,
        digest,
        sizeBytes: bytes.length,
        ageMs: this.#clock.now() - writtenAt,
        isShown: false,
      }));
      for (let from = 0; from < all.length; from += limit) yield all.slice(from, from + limit);
    }
  }

  #deleteOld(team: string, digests: readonly Digest[], olderThanMs: number): Amount {
    const results = this.#teams.get(team);
    let [count, sizeBytes] = [0, 0];
    for (const digest of digests) {
      const kept = results?.get(digest);
      if (!kept || this.#clock.now() - kept.writtenAt < olderThanMs) continue;
      results?.delete(digest);
      count += 1;
      sizeBytes += kept.bytes.length;
    }
    return { count, sizeBytes };
  }
}
