// Entries of named job caches that outlive the database of a run, as those of `scope = "team"` do.

import { DEFAULT_TEAM, type Clock, type Digest, type EntryPlace, type EntryStore } from "@memodag/core";
import type { FindEntryCache } from "@memodag/scheduler";

interface KeptEntry {
  readonly key: string;
  readonly digest: Digest;
  /** By the test's clock, in milliseconds since the Unix epoch; `null`: never. */
  readonly expiresAt: number | null;
}

const PAGE = 1_000;

/** The named job caches of a test: one of any name is there, and all runs of the test share it. */
export class SharedEntries {
  readonly #clock: Pick<Clock, "now">;
  readonly #maxEntryBytes: number;
  readonly #kept = new Map<string, readonly KeptEntry[]>();

  constructor(clock: Pick<Clock, "now">, maxEntryBytes: number) {
    this.#clock = clock;
    this.#maxEntryBytes = maxEntryBytes;
  }

  readonly find: FindEntryCache = (_team, name) => {
    const scope = name === "" ? "run" : "team";
    if (scope === "team" && !this.#kept.has(name)) this.#kept.set(name, []);
    const limits = { defaultTtlMs: null, maxEntryBytes: this.#maxEntryBytes, isLimited: false };
    return { name, scope, store: "memory", ...limits };
  };

  /** Tells the database of a run what earlier runs saved. */
  async restore(entries: EntryStore, runId: number): Promise<void> {
    const now = this.#clock.now();
    for (const [cache, kept] of this.#kept) {
      const live = kept.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
      const blobs = await entries.findBlobs(
        DEFAULT_TEAM,
        live.map(({ digest }) => digest),
      );
      const restored = live.map(({ key, digest, expiresAt }) => ({
        place: placeOf(cache),
        key,
        blob: blobs.get(digest) ?? null,
        ttlMs: expiresAt === null ? null : expiresAt - now,
      }));
      await entries.restore({ runId, taskId: "", mapIndex: -1 }, restored);
    }
  }

  /** Remembers what there is at the end of a run. Lifetimes go on by the test's clock. */
  async keep(entries: EntryStore): Promise<void> {
    const now = this.#clock.now();
    for (const cache of this.#kept.keys()) {
      const kept: KeptEntry[] = [];
      for (let after: string | undefined; ;) {
        const listing = { prefix: "", isDeep: true, limit: PAGE, ...(after !== undefined && { after }) };
        const page = await entries.list(placeOf(cache), listing);
        for (const { key, digest, savedAt, expiresAt } of page)
          kept.push({ key, digest, expiresAt: expiresAt === null ? null : now + expiresAt - savedAt });
        if (page.length < PAGE) break;
        after = page.at(-1)?.key;
      }
      this.#kept.set(cache, kept);
    }
  }
}

function placeOf(cache: string): EntryPlace {
  return { team: DEFAULT_TEAM, cache, scopeId: "" };
}
