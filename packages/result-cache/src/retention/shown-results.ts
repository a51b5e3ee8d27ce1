// Keeps collecting away from what runs show: bytes in a store of their own, which XComs in the database refer to.

import type { Digest } from "@memodag/core";
import type { Amount, CollectableResults, ResultRetention, StoredResult } from "../retention-ports.ts";

/** Those of `digests` that an XCom of a run refers to in that store. */
export type FindShown = (team: string, digests: readonly Digest[]) => Promise<Set<Digest>>;

/** The results of a store that can be collected, which XComs do not refer to. */
export class ShownResults implements CollectableResults {
  readonly #results: CollectableResults;
  readonly #findShown: FindShown;

  constructor(results: CollectableResults, findShown: FindShown) {
    this.#results = results;
    this.#findShown = findShown;
  }

  async *scan(limit: number): AsyncGenerator<readonly StoredResult[]> {
    for await (const page of this.#results.scan(limit)) {
      const shown = new Set<string>();
      for (const [team, ofTeam] of Map.groupBy(page, (result) => result.team)) {
        const digests = ofTeam.map(({ digest }) => digest);
        for (const digest of await this.#findShown(team, digests)) shown.add(JSON.stringify([team, digest]));
      }
      yield page.map((result) =>
        shown.has(JSON.stringify([result.team, result.digest])) ? { ...result, isShown: true } : result,
      );
    }
  }

  /** Looks once more: a run may have come to refer to them since they were listed. */
  async deleteUnnamed(team: string, digests: readonly Digest[], olderThanMs: number): Promise<Amount> {
    const shown = await this.#findShown(team, digests);
    const unnamed = digests.filter((digest) => !shown.has(digest));
    if (unnamed.length === 0) return { count: 0, sizeBytes: 0 };
    return await this.#results.deleteUnnamed(team, unnamed, olderThanMs);
  }
}

/** The retention of a store, knowing what XComs refer to. */
export class ShownRetention extends ShownResults implements ResultRetention {
  readonly #retention: ResultRetention;

  constructor(retention: ResultRetention, findShown: FindShown) {
    super(retention, findShown);
    this.#retention = retention;
  }

  async sizesOf(team: string, digests: readonly Digest[]): Promise<Map<Digest, number>> {
    return await this.#retention.sizesOf(team, digests);
  }

  async adopt(found: readonly StoredResult[]): Promise<void> {
    await this.#retention.adopt?.(found);
  }
}
