// Results in this process's memory: for tests, and for installations of one process.

import type { Digest } from "@memodag/core";
import type { ResultBytes, ResultStore } from "../result-store.ts";

/** A result store that is gone with its process. */
export class MemoryResultStore implements ResultStore {
  readonly #teams = new Map<string, Map<Digest, Uint8Array>>();

  async read(team: string, digests: readonly Digest[]): Promise<Map<Digest, Uint8Array>> {
    const results = this.#teams.get(team);
    const found = new Map<Digest, Uint8Array>();
    for (const digest of digests) {
      const bytes = results?.get(digest);
      if (bytes) found.set(digest, bytes);
    }
    return found;
  }

  async write(team: string, results: readonly ResultBytes[]): Promise<void> {
    const known = this.#teams.get(team) ?? new Map<Digest, Uint8Array>();
    this.#teams.set(team, known);
    // Always anew, so that bytes which do not fit their digest heal. A copy: what was stored must not
    // change with the caller's buffer.
    for (const { digest, bytes } of results) known.set(digest, bytes.slice());
  }

  async delete(team: string, digests: readonly Digest[]): Promise<void> {
    for (const digest of digests) this.#teams.get(team)?.delete(digest);
  }
}
