// Results in a store that is not listed: each is noted in the metadata database before it is written, so that a process
// that is killed leaves nothing unknown.

import { setTimeout as pause } from "node:timers/promises";
import { MemodagError, type Clock, type Digest, type OpenValue, type OpenValueOptions } from "@memodag/core";
import type { StoreCallOptions } from "../record-store.ts";
import type { ResultBytes, ResultStore } from "../result-store.ts";
import type { Amount, CollectableResults, ResultRetention, StoredResult } from "../retention-ports.ts";

/** The size of a result of a digest. */
export interface ResultSize {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Notes of what may be in stores, by the name of the store. Implemented by the metadata database. */
export interface WrittenResults {
  /**
   * Notes results that are about to be written. Returns the others: those that are being deleted, or were until less
   * than {@link CONDEMNED_MS} ago.
   */
  note(store: string, team: string, results: readonly ResultSize[]): Promise<Digest[]>;
  /** The results that a store may hold, up to `limit` at a time, without those that are being deleted. */
  scan(store: string, limit: number): AsyncIterable<readonly StoredResult[]>;
  /** Those of `digests` that are noted. */
  findNoted(store: string, team: string, digests: readonly Digest[]): Promise<Set<Digest>>;
  /**
   * Marks those as being deleted that were noted more than `olderThanMs` ago and that no XCom or record of the database
   * names, and returns them.
   */
  condemn(
    store: string,
    team: string,
    digests: readonly Digest[],
    olderThanMs: number,
  ): Promise<ResultSize[]>;
  /** Forgets what {@link condemn} returned, after its deletion. */
  forget(store: string, team: string, digests: readonly Digest[]): Promise<void>;
  /** Notes what a listing found, unless it is noted. */
  adopt(store: string, found: readonly StoredResult[]): Promise<void>;
}

/** Milliseconds after which a deletion that did not end is no longer under way, and bytes may be written again. */
export const CONDEMNED_MS = 600_000;

/** A deletion starts within so many milliseconds of its note, or not at all: the process may have been stopped. */
const LATEST_DELETION_MS = 60_000;

/** How often, and after how many milliseconds, a writer looks again whether a deletion has ended. */
const LOOKS = 30;
const BETWEEN_LOOKS_MS = 100;

/** The parts of {@link NotedResults}. */
export interface NotedResultsParts {
  readonly results: ResultStore;
  readonly notes: WrittenResults;
  /** The name of the store, as XComs refer to it. */
  readonly store: string;
  readonly clock: Pick<Clock, "now">;
}

/** A result store whose contents are noted elsewhere. It is listed by verification alone. */
export class NotedResults implements ResultStore {
  readonly #parts: NotedResultsParts;

  constructor(parts: NotedResultsParts) {
    this.#parts = parts;
  }

  async read(
    team: string,
    digests: readonly Digest[],
    options?: StoreCallOptions,
  ): Promise<Map<Digest, Uint8Array>> {
    return await this.#parts.results.read(team, digests, options);
  }

  async open(team: string, digest: Digest, options: OpenValueOptions): Promise<OpenValue | undefined> {
    return await this.#parts.results.open?.(team, digest, options);
  }

  async write(team: string, results: readonly ResultBytes[], options: StoreCallOptions = {}): Promise<void> {
    const { notes, store } = this.#parts;
    let sizes = results.map(({ digest, bytes }) => ({ digest, sizeBytes: bytes.length }));
    for (let look = 0; ; look += 1) {
      const condemned = new Set(await notes.note(store, team, sizes));
      if (condemned.size === 0) break;
      if (look === LOOKS) throw beingDeleted(store);
      sizes = sizes.filter(({ digest }) => condemned.has(digest));
      await pause(BETWEEN_LOOKS_MS, undefined, options.signal ? { signal: options.signal } : {});
    }
    await this.#parts.results.write(team, results, options);
  }

  /** Their notes stay: the next collection finds that nothing is there. */
  async delete(team: string, digests: readonly Digest[]): Promise<void> {
    await this.#parts.results.delete(team, digests);
  }

  async collectable(): Promise<CollectableResults> {
    const { notes, store } = this.#parts;
    return {
      scan: (limit) => notes.scan(store, limit),
      deleteUnnamed: (team, digests, olderThanMs) => this.#deleteUnnamed(team, digests, olderThanMs),
    };
  }

  /** For verification, which lists. */
  async retention(): Promise<ResultRetention | undefined> {
    const { results, notes, store } = this.#parts;
    const listed = await results.retention?.();
    return (
      listed && {
        scan: (limit) => listed.scan(limit),
        sizesOf: (team, digests) => listed.sizesOf(team, digests),
        adopt: (found) => notes.adopt(store, found),
        deleteUnnamed: (team, digests, olderThanMs) => this.#deleteUnnamed(team, digests, olderThanMs),
      }
    );
  }

  async #deleteUnnamed(team: string, digests: readonly Digest[], olderThanMs: number): Promise<Amount> {
    const { results, notes, store, clock } = this.#parts;
    const noted = await notes.findNoted(store, team, digests);
    const startedAt = clock.now();
    const condemned = await notes.condemn(store, team, [...noted], olderThanMs);
    if (condemned.length > 0 && clock.now() - startedAt > LATEST_DELETION_MS)
      return { count: 0, sizeBytes: 0 };
    const gone = condemned.map(({ digest }) => digest);
    if (gone.length > 0) {
      await results.delete(team, gone);
      await notes.forget(store, team, gone);
    }
    const others = await this.#deleteOthers(
      team,
      digests.filter((digest) => !noted.has(digest)),
      olderThanMs,
    );
    return {
      count: condemned.length + others.count,
      sizeBytes: condemned.reduce((sum, { sizeBytes }) => sum + sizeBytes, others.sizeBytes),
    };
  }

  /** Bytes of before notes were made: the store knows their age. */
  async #deleteOthers(team: string, digests: readonly Digest[], olderThanMs: number): Promise<Amount> {
    const listed = digests.length > 0 ? await this.#parts.results.retention?.() : undefined;
    return (await listed?.deleteUnnamed(team, digests, olderThanMs)) ?? { count: 0, sizeBytes: 0 };
  }
}

function beingDeleted(store: string): MemodagError {
  return new MemodagError(
    "cache_backend_failed",
    `A collection is deleting a result from the store "${store}" that is to be written there: the next run writes it`,
    { fields: { store } },
  );
}
