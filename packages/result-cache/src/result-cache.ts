// The cache as the scheduler sees it: fail-open, exact about what a hit is, and never late.

import type { Clock, Digest, Live, Logger } from "@memodag/core";
import {
  CacheBreaker,
  type BackendOutcome,
  type BreakerChange,
  type BreakerOptions,
  type BreakerState,
} from "./cache-breaker.ts";
import type { PlaceOutcome, StoreAllOutcome, StoreOutcome } from "./cache-lookup.ts";
import type { CacheCounts, TaskName } from "./counters/cache-counts.ts";
import { CacheCounters } from "./counters/cache-counters.ts";
import type { CounterStore } from "./counters/counter-store.ts";
import { EntryReader, type Entry } from "./entry-reader.ts";
import { EntryWriter, type CacheEntry } from "./entry-writer.ts";
import type { ReadValues, StagedEntry } from "./staged-entry.ts";
import { PassLookup, type LookupKeys } from "./pass-lookup.ts";
import type { RecordSigner } from "./record-signature.ts";
import type { PutMode, RecordStore } from "./record-store.ts";
import type { RemovalCause } from "./removal.ts";
import type { ResultBytes, ResultStore } from "./result-store.ts";
import type { SignatureChecks } from "./signature-checks.ts";
import type { Values } from "./values/values.ts";

/** Settings of a {@link ResultCache}. */
export interface ResultCacheOptions extends BreakerOptions {
  /** Milliseconds that all lookups of one scheduling pass may take together. */
  readonly lookupTimeoutMs: Live<number>;
  /** Milliseconds that storing one result may take. */
  readonly storeTimeoutMs: Live<number>;
  /** Bytes of all XComs of a result together. */
  readonly maxResultSize: Live<number>;
}

/** The methods of a record store that a cache uses. */
export type CacheRecords = Pick<RecordStore, "find" | "put" | "putAll" | "touch" | "purge">;

/** The parts of a {@link ResultCache}. */
export interface ResultCacheParts {
  readonly records: CacheRecords;
  readonly results: ResultStore;
  /** Its name in the log. Default: the cache. */
  readonly name?: string;
  /**
   * How XComs refer to values in the result store: by its name, or by `null` where it is the metadata database.
   * Absent: they must not, since it may forget them.
   */
  readonly valueStore?: string | null;
  /** Reads values of records that refer to another store than the result store. */
  readonly values?: Values;
  /** True if the record store keeps the bytes of entries of job caches from being collected. Default: false. */
  readonly keepsEntries?: boolean;
  /** Where counts by task go; without it they are not kept. */
  readonly counters?: CounterStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** The key of seals, by which verification detects changed records; without it, records are not sealed. */
  readonly sealKey?: Uint8Array;
  /** Signs records in place of sealing them. */
  readonly signer?: RecordSigner;
  /** Checks the signatures of what is found; absent: they are not looked at. */
  readonly signatures?: SignatureChecks;
  /** Hears when the backend is left alone, tried, and asked again; must not throw. */
  readonly onBreakerChange?: (change: BreakerChange) => void;
  readonly options: ResultCacheOptions;
}

/** Looks results up and stores them; no method rejects, and none takes longer than its deadline. */
export class ResultCache {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #lookupTimeoutMs: Live<number>;
  readonly #breaker: CacheBreaker;
  readonly #counters: CacheCounters;
  readonly #reader: EntryReader;
  readonly #writer: EntryWriter;
  readonly #hasOwnStore: boolean;

  constructor(parts: ResultCacheParts) {
    const { clock, log, options } = parts;
    this.#clock = clock;
    this.#log = log;
    this.#lookupTimeoutMs = options.lookupTimeoutMs;
    this.#hasOwnStore = typeof parts.valueStore === "string";
    this.#breaker = new CacheBreaker(options, log, parts.name ?? "the cache", parts.onBreakerChange);
    this.#counters = new CacheCounters(parts);
    this.#reader = new EntryReader(parts);
    this.#writer = new EntryWriter({
      ...parts,
      ...options,
      breaker: this.#breaker,
      counters: this.#counters,
    });
  }

  /** Whether the backend is asked at the moment. */
  get breakerState(): BreakerState {
    return this.#breaker.state;
  }

  /** Opens the lookups of one scheduling pass: they share one deadline, which starts at the first. */
  openPass(team: string): PassLookup {
    return new PassLookup(
      (keys, timeoutMs, insists) => this.#read(team, keys, timeoutMs, insists),
      this.#clock,
      this.#lookupTimeoutMs(),
    );
  }

  async #read(
    team: string,
    { asked, foreseen }: LookupKeys,
    timeoutMs: number,
    insists: boolean,
  ): Promise<BackendOutcome<Map<Digest, Entry>>> {
    const outcome = await this.#breaker.call(
      timeoutMs,
      (signal) => this.#reader.read(team, asked, foreseen, signal),
      insists,
    );
    if (outcome.kind === "failed")
      this.#log.warn("cache lookup failed; the tasks run", { team, error: outcome.message });
    return outcome;
  }

  /** True when values of results that are to be remembered go into a store of their own; see {@link place}. */
  get placesValues(): boolean {
    return this.#hasOwnStore;
  }

  /** Gives the result store the values of a result that is to be remembered, before anything refers to them. */
  async place(team: string, values: readonly ResultBytes[]): Promise<PlaceOutcome> {
    return await this.#writer.place(team, values);
  }

  /** Remembers a result. */
  async store(entry: CacheEntry, mode: PutMode): Promise<StoreOutcome> {
    return await this.#writer.store(entry, mode);
  }

  /** Remembers results together, at one moment where the record store can. */
  async storeAll(entries: readonly StagedEntry[], read: ReadValues): Promise<StoreAllOutcome> {
    return await this.#writer.storeAll(entries, read);
  }

  /** Removes records; false when that failed. */
  async forget(team: string, keys: readonly Digest[], cause: RemovalCause): Promise<boolean> {
    return await this.#writer.forget(team, keys, cause);
  }

  /** Notes hits for the records' counters, which are written later. */
  countHits(team: string, keys: readonly Digest[]): void {
    this.#counters.addHits(team, keys);
  }

  /** Notes what happened to a task, which is written later. */
  count(task: TaskName, counts: Partial<CacheCounts>): void {
    this.#counters.add(task, counts);
  }

  /** Writes what has been counted; for the end of a process. Never rejects. */
  async flush(): Promise<void> {
    await this.#counters.flush();
  }
}
