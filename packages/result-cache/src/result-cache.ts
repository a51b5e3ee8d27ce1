// The cache as the scheduler sees it: fail-open, exact about what a hit is, and never late.

import {
  RETURN_VALUE,
  Turns,
  digestOfBytes,
  messageOf,
  type Clock,
  type Digest,
  type Logger,
  type StoredError,
} from "@memodag/core";
import pTimeout, { TimeoutError } from "p-timeout";
import { CacheBreaker, type BreakerChange, type BreakerState } from "./cache-breaker.ts";
import type { CacheAnswer, CacheAsk, HitXCom, LookupOutcome, StoreOutcome } from "./cache-lookup.ts";
import type { CacheCounts, TaskName } from "./counters/cache-counts.ts";
import { CacheCounters } from "./counters/cache-counters.ts";
import type { CounterStore } from "./counters/counter-store.ts";
import type { CacheRecord, NewCacheRecord, PutMode, RecordStore } from "./record-store.ts";
import type { ResultBytes, ResultStore } from "./result-store.ts";

const BREAKER_OPEN = "the cache has failed too often in a row and is left alone for a while";

/** Bytes that may be read before anybody has asked for them, at most. */
const MAX_FORESEEN_BYTES = 16 * 2 ** 20;

/** Settings of a {@link ResultCache}. */
export interface ResultCacheOptions {
  /** Milliseconds that all lookups of one scheduling pass may take together. */
  readonly lookupTimeoutMs: number;
  /** Milliseconds that storing one result may take. */
  readonly storeTimeoutMs: number;
  /** Bytes of all XComs of a result together. */
  readonly maxResultSize: number;
  /** Failures in a row after which the backend is left alone. */
  readonly breakerThreshold: number;
  /** Milliseconds after which one call may try it again. */
  readonly breakerRestMs: number;
}

/** What a {@link ResultCache} is made of. */
export interface ResultCacheParts {
  readonly records: RecordStore;
  readonly results: ResultStore;
  /** Where counts by task go; without it they are not kept. */
  readonly counters?: CounterStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Hears when the backend is left alone, tried, and asked again; must not throw. */
  readonly onBreakerChange?: (change: BreakerChange) => void;
  readonly options: ResultCacheOptions;
}

/** A result to remember: its record and the bytes of all its XComs; a failure has none. */
export interface CacheEntry {
  readonly record: Omit<NewCacheRecord, "xcoms">;
  readonly xcoms: readonly (ResultBytes & { readonly key: string })[];
}

/** Looks results up and stores them; no method rejects, and none takes longer than its deadline. */
export class ResultCache {
  readonly #records: RecordStore;
  readonly #results: ResultStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #options: ResultCacheOptions;
  readonly #breaker: CacheBreaker;
  readonly #counters: CacheCounters;
  /** Tasks that were told of as not deterministic. */
  readonly #nondeterministic = new Set<string>();

  constructor(parts: ResultCacheParts) {
    this.#records = parts.records;
    this.#results = parts.results;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#options = parts.options;
    this.#breaker = new CacheBreaker(parts.options, parts.log, "the cache", parts.onBreakerChange);
    this.#counters = new CacheCounters(parts);
  }

  /** Whether the backend is asked at the moment. */
  get breakerState(): BreakerState {
    return this.#breaker.state;
  }

  /** Opens the lookups of one scheduling pass: they share one deadline, which starts at the first. */
  openPass(team: string): PassLookup {
    return new PassLookup(
      (asks, timeoutMs, foresee) => this.#lookup(team, asks, timeoutMs, foresee),
      this.#clock,
      this.#options.lookupTimeoutMs,
    );
  }

  async #lookup(
    team: string,
    asks: readonly CacheAsk[],
    timeoutMs: number,
    foresee: readonly Digest[],
  ): Promise<FetchOutcome> {
    const deadline = new AbortController();
    const asked = new Set(asks.map((ask) => ask.key));
    try {
      const fetched = await this.#breaker.call(() =>
        pTimeout(this.#fetch(team, asked, foresee, deadline.signal), { milliseconds: timeoutMs }),
      );
      return fetched === "open" ? { kind: "failed", message: BREAKER_OPEN } : { kind: "fetched", fetched };
    } catch (error) {
      // The race alone would leave the query running: the signal ends the work behind it.
      deadline.abort();
      if (error instanceof TimeoutError) return { kind: "timeout" };
      this.#log.warn("cache lookup failed; the tasks run", { team, error: messageOf(error) });
      return { kind: "failed", message: messageOf(error) };
    }
  }

  async #fetch(
    team: string,
    asked: ReadonlySet<Digest>,
    foresee: readonly Digest[],
    signal: AbortSignal,
  ): Promise<Map<Digest, Fetched>> {
    const keys = new Set([...asked, ...foresee]);
    const records = await this.#records.find(team, [...keys], { signal });
    const digests = new Set<Digest>();
    let foreseenBytes = 0;
    for (const [key, record] of records) {
      if (!asked.has(key)) {
        foreseenBytes += record.xcoms.reduce((sum, xcom) => sum + xcom.sizeBytes, 0);
        // Left for when it is asked for: keys is what the caller may take as known.
        if (foreseenBytes > MAX_FORESEEN_BYTES) {
          keys.delete(key);
          continue;
        }
      }
      for (const xcom of record.xcoms) digests.add(xcom.digest);
    }
    const bytes = await this.#results.read(team, [...digests], { signal });
    const verified = new Map<Digest, Uint8Array | "bad">();
    const turns = new Turns();
    for (const [digest, value] of bytes) {
      verified.set(digest, (await digestOfBytes(value)) === digest ? value : "bad");
      if (turns.isOver) await turns.pause();
    }
    const fetched = new Map<Digest, Fetched>();
    const unusable: CacheRecord[] = [];
    for (const key of keys) {
      const record = records.get(key);
      if (!record) {
        fetched.set(key, undefined);
        continue;
      }
      const xcoms = readXComs(record, verified);
      if (typeof xcoms === "string") unusable.push(record);
      fetched.set(key, { record, xcoms });
    }
    this.#removeUnusable(team, unusable, verified);
    return fetched;
  }

  /** Takes away what can never hit, so that the next run stores anew. Nobody waits for it. */
  #removeUnusable(
    team: string,
    unusable: readonly CacheRecord[],
    verified: ReadonlyMap<Digest, Uint8Array | "bad">,
  ): void {
    if (unusable.length === 0) return;
    const bad = [...verified].flatMap(([digest, bytes]) => (bytes === "bad" ? [digest] : []));
    const remove = async () => {
      for (const { key } of unusable) await this.#records.purge({ team, key });
      if (bad.length > 0) await this.#results.delete(team, bad);
    };
    this.#log.warn("removed cache entries whose bytes are gone or changed", {
      team,
      keys: unusable.map((record) => record.key),
    });
    remove().catch((error: unknown) => {
      this.#log.warn("could not remove unusable cache entries", { team, error: messageOf(error) });
    });
  }

  /**
   * Remembers a result: bytes first, then the record, so that a crash between the two leaves bytes that
   * nothing names, never a record without bytes.
   */
  async store(entry: CacheEntry, mode: PutMode): Promise<StoreOutcome> {
    const { team } = entry.record;
    const sizeBytes = entry.xcoms.reduce((sum, xcom) => sum + xcom.bytes.length, 0);
    const limitBytes = this.#options.maxResultSize;
    if (sizeBytes > limitBytes) return { kind: "too_large", sizeBytes, limitBytes };
    const xcoms = entry.xcoms.map(({ key, digest, bytes }) => ({ key, digest, sizeBytes: bytes.length }));
    const put = async () => {
      if (entry.xcoms.length > 0) await this.#results.write(team, entry.xcoms);
      return await this.#records.put({ ...entry.record, xcoms }, mode);
    };
    try {
      const outcome = await this.#breaker.call(() =>
        pTimeout(put(), { milliseconds: this.#options.storeTimeoutMs }),
      );
      if (outcome === "open") return { kind: "failed", message: BREAKER_OPEN };
      if (outcome.kind === "stored") {
        this.count(entry.record, { storedBytes: sizeBytes });
        return outcome;
      }
      if (entry.record.error !== null) return { kind: "kept" };
      const returned = entry.xcoms.find((xcom) => xcom.key === RETURN_VALUE);
      if (outcome.resultDigest === returned?.digest) return { kind: "kept" };
      this.count(entry.record, { nondeterministic: 1 });
      this.#warnOfDifference(entry.record);
      return { kind: "differs", storedDigest: outcome.resultDigest };
    } catch (error) {
      this.#log.warn("cache store failed; the task keeps its result", { team, error: messageOf(error) });
      return { kind: "failed", message: messageOf(error) };
    }
  }

  /** Once for each task of this process: it may happen at every run. */
  #warnOfDifference({ team, dagId, taskId, key, producer }: CacheEntry["record"]): void {
    const task = JSON.stringify([team, dagId, taskId]);
    if (this.#nondeterministic.has(task)) return;
    this.#nondeterministic.add(task);
    this.#log.warn(
      "a task returned other bytes than the live entry under its key holds: it is not deterministic, or reads what its key does not say",
      { team, dagId, taskId, key, runId: producer.runId },
    );
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

type Unusable = "result_missing" | "integrity_failed";

/** What is known of a key: its record with what became of its bytes, or that there is no record. */
type Fetched = { readonly record: CacheRecord; readonly xcoms: readonly HitXCom[] | Unusable } | undefined;

type FetchOutcome =
  | { readonly kind: "fetched"; readonly fetched: ReadonlyMap<Digest, Fetched> }
  | { readonly kind: "timeout" }
  | { readonly kind: "failed"; readonly message: string };

type Fetch = (
  asks: readonly CacheAsk[],
  timeoutMs: number,
  foresee: readonly Digest[],
) => Promise<FetchOutcome>;

function readXComs(
  record: CacheRecord,
  verified: ReadonlyMap<Digest, Uint8Array | "bad">,
): readonly HitXCom[] | Unusable {
  const xcoms: HitXCom[] = [];
  if (record.error !== null) return xcoms;
  for (const xcom of record.xcoms) {
    const bytes = verified.get(xcom.digest);
    if (bytes === undefined) return "result_missing";
    if (bytes === "bad" || bytes.length !== xcom.sizeBytes) return "integrity_failed";
    xcoms.push({ ...xcom, bytes });
  }
  // A record without a returned value could not be told from one that lost it.
  return xcoms.some((xcom) => xcom.key === RETURN_VALUE) ? xcoms : "result_missing";
}

/**
 * The lookups of one scheduling pass. What is foreseen is fetched with the first of them, so that a
 * cascade of hits asks the backend again only where a key turned out different.
 */
export class PassLookup {
  readonly #fetch: Fetch;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #known = new Map<Digest, Fetched>();
  #endsAt: number | undefined;
  #broken: Exclude<FetchOutcome, { kind: "fetched" }> | undefined;
  #roundTrips = 0;

  constructor(fetch: Fetch, clock: Clock, timeoutMs: number) {
    this.#fetch = fetch;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Calls to the backend so far. */
  get roundTrips(): number {
    return this.#roundTrips;
  }

  /**
   * Asks for all keys at once.
   * @param foresee keys that are likely to be asked for later in this pass
   */
  async ask(asks: readonly CacheAsk[], foresee: readonly Digest[] = []): Promise<LookupOutcome> {
    const unknown = asks.filter((ask) => !this.#known.has(ask.key));
    if (unknown.length > 0) {
      // One deadline a pass: after it has passed once, nothing more is asked.
      this.#broken ??= await this.#ask(unknown, foresee);
      if (this.#broken) return this.#broken;
    }
    const answers = new Map<Digest, CacheAnswer>();
    for (const ask of asks) answers.set(ask.key, answer(this.#known.get(ask.key), ask));
    return { kind: "answered", answers };
  }

  /** Asks for keys whose answer may be another by now, under the same deadline. */
  async askAgain(asks: readonly CacheAsk[]): Promise<LookupOutcome> {
    for (const { key } of asks) this.#known.delete(key);
    return await this.ask(asks);
  }

  async #ask(
    asks: readonly CacheAsk[],
    foresee: readonly Digest[],
  ): Promise<Exclude<FetchOutcome, { kind: "fetched" }> | undefined> {
    const now = this.#clock.monotonic();
    this.#endsAt ??= now + this.#timeoutMs;
    const remainingMs = this.#endsAt - now;
    if (remainingMs <= 0) return { kind: "timeout" };
    this.#roundTrips += 1;
    const outcome = await this.#fetch(asks, remainingMs, foresee);
    if (outcome.kind !== "fetched") return outcome;
    for (const [key, fetched] of outcome.fetched) this.#known.set(key, fetched);
    return undefined;
  }
}

function answer(fetched: Fetched, ask: CacheAsk): CacheAnswer {
  if (!fetched) return { kind: "miss", reason: "no_entry" };
  const { record, xcoms } = fetched;
  if (record.error !== null) return failureAnswer(record, record.error, ask);
  if (ask.ttlMs !== null && record.ageMs >= ask.ttlMs) return { kind: "miss", reason: "expired" };
  if (typeof xcoms === "string") return { kind: "miss", reason: xcoms };
  return { kind: "hit", hit: { record, xcoms } };
}

/** A reader that takes no failures does not see that there is one. */
function failureAnswer(
  record: CacheRecord,
  error: StoredError,
  { errorsTtlMs = null }: CacheAsk,
): CacheAnswer {
  if (errorsTtlMs === null) return { kind: "miss", reason: "no_entry" };
  if (record.ageMs >= errorsTtlMs) return { kind: "miss", reason: "expired" };
  return { kind: "failure", record, error };
}
