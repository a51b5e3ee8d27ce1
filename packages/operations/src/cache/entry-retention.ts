// Removes entries of job caches that are not needed, and then their bytes.

import type { ByteStore, EntryStore, LooseBlob } from "@memodag/core";
import { ORPHAN_GRACE_MS, type AgedStore, type Amount } from "@memodag/result-cache";

/** The parts of {@link EntryRetention}. */
export interface EntryRetentionParts {
  readonly entries: EntryStore;
  openByteStore(name: string): Promise<ByteStore>;
  /** How long the entries of a run stay after its end, in milliseconds; `null`: without limit. */
  readonly keepMs: number | null;
}

/** Collects entries. A store that is unreachable keeps its bytes until the next collection. */
export class EntryRetention implements AgedStore {
  readonly #parts: EntryRetentionParts;

  constructor(parts: EntryRetentionParts) {
    this.#parts = parts;
  }

  async amount(): Promise<Amount> {
    const { entries, keepMs } = this.#parts;
    const found = await entries.amount({ keepMs, graceMs: ORPHAN_GRACE_MS });
    return { count: found.entries, sizeBytes: found.sizeBytes };
  }

  async deleteBatch(limit: number): Promise<Amount> {
    const { entries, keepMs } = this.#parts;
    const collected = await entries.collect({ keepMs, graceMs: ORPHAN_GRACE_MS, limit });
    const deleted = await this.#deleteObjects(collected.loose);
    return { count: collected.entries + collected.blobs + deleted, sizeBytes: collected.sizeBytes };
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
