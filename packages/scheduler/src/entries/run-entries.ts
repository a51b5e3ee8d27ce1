// Entries of job caches, as the passes of runs need them: what keys contain, what hits restore, what records keep.

import {
  MemodagError,
  readEntryPattern,
  withCallTimeouts,
  type Blob,
  type ByteStore,
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
  /** True: nothing is written, not even that an entry was read. Default: false. */
  readonly readsOnly?: boolean;
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
export type Restorable = ReadonlyMap<string, readonly RestoredEntry[] | { readonly failed: string }>;

/** The entries of the runs of one scheduler. */
export class RunEntries {
  readonly desk: EntryDesk;
  readonly #parts: EntryParts;
  readonly #moved = new MovedBytes();

  /** By store, and opened with it. One that hangs delays one pass, and not every one; others are asked all the same. */
  readonly #breakers = new Map<string, CacheBreaker>();
  readonly #newBreaker: (store: string) => CacheBreaker;
  readonly #lookupTimeoutMs: Live<number>;

  readonly #readsOnly: boolean;

  constructor({ runs, clock, log, lookupTimeoutMs, breaker, readsOnly = false, ...parts }: RunEntriesParts) {
    this.#readsOnly = readsOnly;
    this.#newBreaker = (name) => new CacheBreaker(breaker, log, `the store "${name}" of entries`);
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
      if (!this.#readsOnly) this.desk.touch(cache, place, readEntryPattern(pattern));
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
    const present = new Map<string, Blob>();
    const failures = new Map<string, string>();
    const byStore = Map.groupBy([...records.values()].flat(), ({ store }) => store);
    const asked = Array.from(byStore, async ([store, ofStore]) => {
      if (store === null) return;
      const outcome = await this.#breakerOf(store).call(this.#lookupTimeoutMs(), (signal) =>
        this.#findPresent(run.team, store, ofStore, signal),
      );
      if (outcome.kind !== "answered") failures.set(store, outcome.message);
      else for (const blob of outcome.value) present.set(nameOf(store, blob.digest), blob);
    });
    await Promise.all(asked);
    const restorable = new Map<string, readonly RestoredEntry[] | { readonly failed: string }>();
    for (const [key, entries] of records) {
      const failed = entries
        .map(({ store }) => failures.get(store ?? ""))
        .find((message) => message !== undefined);
      const restored = entries.flatMap((entry) => this.#restored(run, entry, present) ?? []);
      if (failed !== undefined) restorable.set(key, { failed });
      else if (restored.length === entries.length) restorable.set(key, restored);
    }
    return restorable;
  }

  #breakerOf(store: string): CacheBreaker {
    let breaker = this.#breakers.get(store);
    if (!breaker) this.#breakers.set(store, (breaker = this.#newBreaker(store)));
    return breaker;
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

  /** Bytes that are where the database says that they are. There are none in a store that the config has no more. */
  async #findPresent(
    team: string,
    store: string,
    entries: readonly RecordedEntry[],
    signal: AbortSignal,
  ): Promise<Blob[]> {
    const digests = entries.flatMap(({ digest }) => digest ?? []);
    const known = await this.#parts.store.findBlobs(team, digests, store);
    const blobs = [...known.values()].filter((blob) => blob.store === store);
    const names = blobs.map(({ name }) => name);
    const opened = await this.#openNamed(store);
    if (!opened) return [];
    const found = await opened.stat(team, names, { signal });
    signal.throwIfAborted();
    return blobs.filter(({ name, sizeBytes }) => found.get(name)?.sizeBytes === sizeBytes);
  }

  async #openNamed(store: string): Promise<ByteStore | undefined> {
    try {
      return await this.#parts.openStore(store);
    } catch (error) {
      if (error instanceof MemodagError && error.code === "config_invalid") return undefined;
      throw error;
    }
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
