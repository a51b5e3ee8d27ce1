// Removes entries of job caches that are not needed, and then their bytes.

import type { ByteStore, EntryLimit, EntryStore, LooseBlob } from "@memodag/core";
import { ORPHAN_GRACE_MS, type AgedStore, type Amount } from "@memodag/result-cache";

/** The parts of {@link EntryRetention}. */
export interface EntryRetentionParts {
  readonly entries: EntryStore;
  openByteStore(name: string): Promise<ByteStore>;
  /** How long the entries of a run stay after its end, in milliseconds; `null`: without limit. */
  readonly keepMs: number | null;
  /** Job caches that have a size limit. */
  readonly limits: readonly EntryLimit[];
}

/** Collects entries. A store that is unreachable keeps its bytes until the next collection. */
export class EntryRetention implements AgedStore {
  readonly #parts: EntryRetentionParts;

  constructor(parts: EntryRetentionParts) {
    this.#parts = parts;
  }

  async amount(): Promise<Amount> {
    const { entries, keepMs, limits } = this.#parts;
    const found = await entries.amount({ keepMs, graceMs: ORPHAN_GRACE_MS });
    const excess = await Promise.all(limits.map((limit) => entries.excess(limit)));
    return {
      count: found.entries + excess.reduce((sum, { entries: count }) => sum + count, 0),
      // The bytes of excess entries follow with a later collection.
      sizeBytes: found.sizeBytes,
    };
  }

  async deleteBatch(limit: number): Promise<Amount> {
    const { entries, keepMs, limits } = this.#parts;
    let evicted = 0;
    for (const cacheLimit of limits) evicted += (await entries.evict(cacheLimit, limit)).entries;
    const collected = await entries.collect({ keepMs, graceMs: ORPHAN_GRACE_MS, limit });
    const deleted = await this.#deleteObjects(collected.loose);
    const count = evicted + collected.entries + collected.blobs + deleted;
    return { count, sizeBytes: collected.sizeBytes };
  }

  async #deleteObjects(loose: readonly LooseBlob[]): Promise<number> {
    const { entries, openByteStore } = this.#parts;
    let deleted = 0;
    for (const ofStore of Map.groupBy(loose, ({ store, team }) => JSON.stringify([store, team])).values()) {
      const [first] = ofStore;
      if (!first) continue;
      try {
        await (
          await openByteStore(first.store)
        ).delete(
          first.team,
          ofStore.map(({ name }) => name),
        );
      } catch {
        continue;
      }
      await entries.forgetLoose(ofStore);
      deleted += ofStore.length;
    }
    return deleted;
  }
}
