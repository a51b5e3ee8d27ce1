// Entries of job caches, as the passes of runs need them: what keys contain, what hits restore, what records keep.

import {
  readEntryPattern,
  withCallTimeouts,
  type Blob,
  type Clock,
  type DagRun,
  type EntryRef,
  type EntrySnapshot,
  type EntryWrites,
  type Live,
  type Logger,
  type RecordedEntry,
  type RestoredEntry,
  type RunStore,
  type SavedEntry,
  type SerializedCacheConfig,
} from "@memodag/core";
import { CacheBreaker, type BreakerOptions } from "@memodag/result-cache";
import { entryPlace, getEntryCache, scopeOfPlace, type EntryParts } from "./entry-caches.ts";
import { EntryDesk } from "./entry-desk.ts";
import { MovedBytes } from "./moved-bytes.ts";

/** The parts of {@link RunEntries}. */
export interface RunEntriesParts extends EntryParts {
  readonly runs: Pick<RunStore, "findRun">;
  /** Milliseconds that checking the entries of hits may take. */
  readonly lookupTimeoutMs: Live<number>;
  /** When stores that fail are left alone: the tasks of hits with entries then run. */
  readonly breaker: BreakerOptions;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The entries of hits by the keys of their records; a record whose entries cannot be restored is missing. `failed`: a
 * store did not say, or not in time.
 */
export type Restorable =
  | { readonly kind: "known"; readonly restorable: ReadonlyMap<string, readonly RestoredEntry[]> }
  | { readonly kind: "failed"; readonly message: string };

/** The entries of the runs of one scheduler. */
export class RunEntries {
  readonly desk: EntryDesk;
  readonly #parts: EntryParts;
  readonly #moved = new MovedBytes();

  /** A store that hangs delays one pass, and not every one. */
  readonly #breaker: CacheBreaker;
  readonly #lookupTimeoutMs: Live<number>;

  constructor({ runs, clock, log, lookupTimeoutMs, breaker, ...parts }: RunEntriesParts) {
    this.#breaker = new CacheBreaker(breaker, log, "the stores of entries");
    this.#lookupTimeoutMs = lookupTimeoutMs;
    const store = withCallTimeouts(parts.store, "entries", clock);
    this.#parts = { ...parts, store };
    this.desk = new EntryDesk(this.#parts, { runs, moved: this.#moved, log });
  }

  /** The bytes that the run's tasks moved since this was last asked. */
  takeMoved(run: DagRun): number {
    return this.#moved.take(run);
  }

  /**
   * The entries that a task of a run declares to read, as they will be when the pass is written.
   * @throws MemodagError `cache_not_configured`, `too_many_entries`
   */
  async snapshot(
    run: DagRun,
    reads: NonNullable<SerializedCacheConfig["reads"]>,
    pending: EntryWrites,
  ): Promise<EntrySnapshot[]> {
    const { store, findCache } = this.#parts;
    const wanted = reads.map(({ cache: name, pattern }) => {
      const cache = getEntryCache(findCache, run.team, name);
      const place = entryPlace(cache, run);
      this.desk.touch(cache, place, readEntryPattern(pattern));
      return { cache: name, pattern, place };
    });
    const found = await store.findForKeys(wanted, pending, run.id);
    return reads.map(({ cache, pattern }, index) => ({ cache, pattern, entries: found[index] ?? [] }));
  }

  /** The entries that hits restore, within the deadline of lookups. Never rejects. */
  async findRestorable(
    run: DagRun,
    records: ReadonlyMap<string, readonly RecordedEntry[]>,
  ): Promise<Restorable> {
    const timeoutMs = this.#lookupTimeoutMs();
    const outcome = await this.#breaker.call(timeoutMs, (signal) =>
      this.#findRestorable(run, records, signal),
    );
    return outcome.kind === "answered" ? outcome.value : { kind: "failed", message: outcome.message };
  }

  async #findRestorable(
    run: DagRun,
    records: ReadonlyMap<string, readonly RecordedEntry[]>,
    signal: AbortSignal,
  ): Promise<Restorable> {
    const all = [...records.values()].flat();
    const blobs = await this.#findPresent(run.team, all, signal);
    const restorable = new Map<string, readonly RestoredEntry[]>();
    for (const [key, entries] of records) {
      const restored = entries.flatMap((entry) => this.#restored(run, entry, blobs) ?? []);
      if (restored.length === entries.length) restorable.set(key, restored);
    }
    return { kind: "known", restorable };
  }

  /** The entries that an attempt saved, as a record keeps them. */
  recorded(saved: readonly SavedEntry[]): RecordedEntry[] {
    return saved.map(({ place, key, blob, ttlMs }) => ({
      cache: place.cache,
      scope: scopeOfPlace(place),
      key,
      digest: blob?.digest ?? null,
      sizeBytes: blob?.sizeBytes ?? 0,
      store: blob?.store ?? null,
      ttlMs,
    }));
  }

  #restored(
    run: DagRun,
    { cache: name, scope, key, digest, store, ttlMs }: RecordedEntry,
    blobs: ReadonlyMap<string, Blob>,
  ): RestoredEntry | undefined {
    const cache = this.#parts.findCache(run.team, name);
    // Restored exactly as running would leave it, or not at all.
    if (cache === undefined || cache === "values" || cache.scope !== scope) return undefined;
    const place = entryPlace(cache, run);
    if (digest === null || store === null) return { place, key, blob: null, ttlMs };
    const blob = blobs.get(nameOf(store, digest));
    return blob && { place, key, blob, ttlMs };
  }

  /** Bytes that are where the database says that they are. */
  async #findPresent(
    team: string,
    entries: readonly RecordedEntry[],
    signal: AbortSignal,
  ): Promise<Map<string, Blob>> {
    const byStore = Map.groupBy(entries, ({ store }) => store);
    const present = new Map<string, Blob>();
    for (const [store, ofStore] of byStore) {
      if (store === null) continue;
      const digests = ofStore.flatMap(({ digest }) => digest ?? []);
      const known = await this.#parts.store.findBlobs(team, digests, store);
      const blobs = [...known.values()].filter((blob) => blob.store === store);
      const names = blobs.map(({ name }) => name);
      const found = await (await this.#parts.openStore(store)).stat(team, names, { signal });
      signal.throwIfAborted();
      for (const blob of blobs)
        if (found.get(blob.name)?.sizeBytes === blob.sizeBytes) present.set(nameOf(store, blob.digest), blob);
    }
    return present;
  }
}

function nameOf(store: string, digest: string): string {
  return `${store} ${digest}`;
}

/** The first digits of each entry's digest by its name, for explanations; undefined if there are too many. */
export function shownEntries(snapshots: readonly EntrySnapshot[]): Record<string, string> | undefined {
  const refs: EntryRef[] = snapshots.flatMap(({ entries }) => entries);
  if (refs.length > MOST_SHOWN) return undefined;
  const shown = Object.create(null) as Record<string, string>;
  for (const { cache, key, digest } of refs) shown[entryLabel(cache, key)] = digest.slice(0, SHOWN_DIGITS);
  return shown;
}

const MOST_SHOWN = 100;
const SHOWN_DIGITS = 12;

function entryLabel(cache: string, key: string): string {
  return `${cache === "" ? "jobCache" : cache}(${key})`;
}
