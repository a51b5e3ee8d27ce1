// Collects the records of several stores as if they were one.

import type { Digest } from "@memodag/core";
import type { RemovalCause } from "../removal.ts";
import type {
  AgedStore,
  Amount,
  CollectableRecord,
  RecordRetention,
  ScannedRecord,
} from "../retention-ports.ts";

/** The retention of several record stores. */
export class JoinedRetention implements RecordRetention {
  readonly removals?: AgedStore;
  readonly #all: readonly RecordRetention[];
  /** Where listed records are. */
  readonly #origins = new WeakMap<CollectableRecord, RecordRetention>();

  constructor(all: readonly RecordRetention[]) {
    this.#all = all;
    const removals = all.flatMap((retention) => retention.removals ?? []);
    if (removals.length > 0) this.removals = joinedRemovals(removals);
  }

  async listExpired(limit: number): Promise<CollectableRecord[]> {
    const expired: CollectableRecord[] = [];
    for (const retention of this.#all) {
      if (expired.length < limit)
        for (const record of await this.#listed(retention, (from) =>
          from.listExpired(limit - expired.length),
        ))
          expired.push(record);
    }
    return expired;
  }

  async listLeastUsed(limit: number, offset: number): Promise<CollectableRecord[]> {
    const used: CollectableRecord[] = [];
    for (const retention of this.#all)
      for (const record of await this.#listed(retention, (from) => from.listLeastUsed(limit + offset, 0)))
        used.push(record);
    return used.sort((a, b) => a.usedAt - b.usedAt).slice(offset, offset + limit);
  }

  async amount(which: "all" | "expired"): Promise<Amount> {
    return sumOf(await Promise.all(this.#all.map((retention) => retention.amount(which))));
  }

  async deleteUnused(records: readonly CollectableRecord[], cause: RemovalCause): Promise<Amount> {
    const deleted: Amount[] = [];
    for (const [origin, some] of Map.groupBy(records, (record) => this.#origins.get(record)))
      if (origin) deleted.push(await origin.deleteUnused(some, cause));
    return sumOf(deleted);
  }

  async findNamed(team: string, digests: readonly Digest[]): Promise<Set<Digest>> {
    const named = await Promise.all(this.#all.map((retention) => retention.findNamed(team, digests)));
    return new Set(named.flatMap((some) => [...some]));
  }

  async *scan(limit: number): AsyncGenerator<readonly ScannedRecord[]> {
    for (const retention of this.#all) yield* retention.scan(limit);
  }

  async #listed(
    retention: RecordRetention,
    list: (from: RecordRetention) => Promise<CollectableRecord[]>,
  ): Promise<CollectableRecord[]> {
    const records = await list(retention);
    for (const record of records) this.#origins.set(record, retention);
    return records;
  }
}

function joinedRemovals(all: readonly AgedStore[]): AgedStore {
  return {
    amount: async (olderThanMs) => sumOf(await Promise.all(all.map((store) => store.amount(olderThanMs)))),
    deleteBatch: async (limit, olderThanMs) => {
      const deleted: Amount[] = [];
      for (const store of all) deleted.push(await store.deleteBatch(limit, olderThanMs));
      return sumOf(deleted);
    },
  };
}

function sumOf(amounts: readonly Amount[]): Amount {
  return {
    count: amounts.reduce((sum, { count }) => sum + count, 0),
    sizeBytes: amounts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}
