// The lookups of one scheduling pass, under one deadline, and the meaning of an entry for the instance that asks.

import type { Clock, Digest, StoredError } from "@memodag/core";
import type { BackendOutcome } from "./cache-breaker.ts";
import type { CacheAnswer, CacheAsk, LookupOutcome } from "./cache-lookup.ts";
import type { Entry } from "./entry-reader.ts";
import type { FoundRecord } from "./record-store.ts";

/** Keys of one call. */
export interface LookupKeys {
  readonly asked: ReadonlySet<Digest>;
  /** Keys that are likely to be asked for later. */
  readonly foreseen: readonly Digest[];
}

/**
 * Asks the backend for entries; see {@link PassLookup}. A key that is not in the answer is to be asked for once
 * more: there was no room for its bytes. `insists`: the call is waited for although one before it was late.
 */
export type FetchEntries = (
  keys: LookupKeys,
  timeoutMs: number,
  insists: boolean,
) => Promise<BackendOutcome<Map<Digest, Entry>>>;

/** Why keys have no answer. */
type Unanswered = Exclude<LookupOutcome, { kind: "answered" }>;

/** Keys that are asked for in one call at first; more or fewer as the backend turns out fast or slow. */
const FIRST_CHUNK = 1_000;
const LEAST_CHUNK = 100;
const MOST_CHUNK = 10_000;

/** For so many keys one more call may be late: not one busy moment shall make all of them run. */
const KEYS_A_LATE_CALL = 2_000;

/**
 * The lookups of one scheduling pass. Many keys are asked for in several calls, each with a deadline of its
 * own, so that what was answered in time counts; few share one deadline, however often the pass asks. After
 * a call that is late nothing more is asked: a backend in trouble costs a pass one deadline. Only where a pass
 * asks for thousands of keys, which would all run, fewer of them are asked for in a further call, until calls
 * have been late in proportion, or so often in a row that the backend is left alone.
 *
 * Foreseen keys fill up the calls that are made for asked keys, so that a cascade of hits asks the
 * backend again only where a key turned out different.
 */
export class PassLookup {
  readonly #fetch: FetchEntries;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** Fetched ahead, or asked for before while these were few: a pass of many would keep all of their bytes. */
  readonly #known = new Map<Digest, Entry>();
  #chunk = FIRST_CHUNK;
  /** Keys for which the current deadline still stands, and how much of it has been waited for. */
  #room = 0;
  #waitedMs = 0;
  /** Keys asked for so far: they are not fetched a second time because they were foreseen. */
  readonly #asked = new Set<Digest>();
  /** How much of what is foreseen has been fetched. */
  #foreseen = 0;
  #broken: Unanswered | undefined;
  #roundTrips = 0;
  #keysAsked = 0;
  #lateCalls = 0;

  constructor(fetch: FetchEntries, clock: Clock, timeoutMs: number) {
    this.#fetch = fetch;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /** Calls to the backend so far that were waited for. */
  get roundTrips(): number {
    return this.#roundTrips;
  }

  /**
   * Asks for keys.
   * @param foresee keys that are likely to be asked for later in this pass; the same list at each call
   * @param maxBytes results of so many bytes are enough: then the answer may be partial
   */
  async ask(
    asks: readonly CacheAsk[],
    foresee: readonly Digest[] = [],
    maxBytes: number = Infinity,
  ): Promise<LookupOutcome> {
    const found = new Map<Digest, Entry>();
    const unknown = new Set<Digest>();
    for (const { key } of asks) {
      if (this.#known.has(key)) found.set(key, this.#known.get(key));
      else unknown.add(key);
    }
    if (unknown.size > 0) await this.#askAll([...unknown], foresee, maxBytes, found);
    const unanswered = this.#broken;
    if (unanswered && found.size === 0) return unanswered;
    const answers = new Map<Digest, CacheAnswer>();
    for (const ask of asks) if (found.has(ask.key)) answers.set(ask.key, answer(found.get(ask.key), ask));
    if (unanswered) return { kind: "answered", answers, unanswered };
    const isPartial = unknown.size > 0 && !asks.every(({ key }) => found.has(key));
    return isPartial ? { kind: "answered", answers, isPartial: true } : { kind: "answered", answers };
  }

  /** Asks for keys whose answer may be another by now. */
  async askAgain(asks: readonly CacheAsk[]): Promise<LookupOutcome> {
    for (const { key } of asks) this.#known.delete(key);
    return await this.ask(asks);
  }

  async #askAll(
    keys: readonly Digest[],
    foresee: readonly Digest[],
    maxBytes: number,
    found: Map<Digest, Entry>,
  ): Promise<void> {
    this.#keysAsked += keys.length;
    let bytes = 0;
    const left = new Set(keys);
    if (this.#foreseen < foresee.length) for (const key of keys) this.#asked.add(key);
    while (left.size > 0 && !this.#broken) {
      const count = Math.min(this.#chunk, left.size);
      if (this.#room < count) {
        this.#room = this.#chunk;
        this.#waitedMs = 0;
      }
      this.#room -= count;
      const asked = firstOf(left, count);
      const outcome = await this.#askChunk(asked, this.#foreseenFor(asked.size, foresee), found);
      const before = left.size;
      for (const key of asked) {
        if (!found.has(key)) continue;
        left.delete(key);
        bytes += bytesOf(found.get(key));
      }
      if (outcome !== "answered") {
        if (!this.#mayBeLateAgain(outcome)) this.#broken = outcome;
      } else if (left.size === before) {
        this.#broken = { kind: "failed", message: "the cache left out every key that it was asked for" };
      } else if (left.size > 0) {
        if (bytes >= maxBytes) return;
        // Keys for which there was no room are asked for separately, with a deadline of their own.
        if (before - left.size < count) this.#room = 0;
      }
    }
  }

  #mayBeLateAgain({ kind }: Unanswered): boolean {
    if (kind !== "timeout") return false;
    this.#lateCalls += 1;
    if (this.#lateCalls > Math.floor(this.#keysAsked / KEYS_A_LATE_CALL)) return false;
    this.#chunk = Math.max(LEAST_CHUNK, Math.floor(this.#chunk / 4));
    this.#room = 0;
    return true;
  }

  /** As many of the keys foreseen as there is room for beside what is asked. */
  #foreseenFor(askedCount: number, foresee: readonly Digest[]): Digest[] {
    const taken: Digest[] = [];
    for (; this.#foreseen < foresee.length; this.#foreseen += 1) {
      if (askedCount + taken.length >= this.#chunk) break;
      const key = foresee[this.#foreseen];
      if (key !== undefined && !this.#asked.has(key)) taken.push(key);
    }
    return taken;
  }

  async #askChunk(
    asked: ReadonlySet<Digest>,
    foreseen: readonly Digest[],
    found: Map<Digest, Entry>,
  ): Promise<Unanswered | "answered"> {
    const remainingMs = this.#timeoutMs - this.#waitedMs;
    if (remainingMs <= 0) return { kind: "timeout" };
    const askedAt = this.#clock.monotonic();
    const outcome = await this.#fetch({ asked, foreseen }, remainingMs, this.#lateCalls > 0);
    const tookMs = this.#clock.monotonic() - askedAt;
    this.#waitedMs += tookMs;
    if (outcome.kind !== "left_alone") this.#roundTrips += 1;
    switch (outcome.kind) {
      case "answered":
        this.#adapt(asked.size + foreseen.length, tookMs);
        for (const [key, entry] of outcome.value) {
          if (asked.has(key)) found.set(key, entry);
          if (!asked.has(key) || this.#known.size < FIRST_CHUNK) this.#known.set(key, entry);
        }
        return "answered";
      case "late":
        return { kind: "timeout" };
      case "failed":
      case "left_alone":
        return { kind: "failed", message: outcome.message };
    }
  }

  /** The next call shall take a part of its deadline that leaves room for a machine that is suddenly busy. */
  #adapt(count: number, tookMs: number): void {
    if (tookMs > this.#timeoutMs / 3) this.#chunk = Math.max(LEAST_CHUNK, Math.floor(this.#chunk / 4));
    else if (count >= this.#chunk && tookMs < this.#timeoutMs / 16)
      this.#chunk = Math.min(MOST_CHUNK, this.#chunk * 4);
  }
}

function firstOf(keys: Iterable<Digest>, count: number): Set<Digest> {
  const first = new Set<Digest>();
  for (const key of keys) {
    if (first.size >= count) break;
    first.add(key);
  }
  return first;
}

function bytesOf(entry: Entry): number {
  if (!entry || entry === "unsound" || typeof entry.xcoms === "string") return 0;
  return entry.xcoms.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** By how much an entry may be younger than now, in milliseconds: clocks are set, and by a little. */
const TOLERATED_SKEW_MS = 60_000;

/** An entry from the future never expires, and nothing is known of when it was made. */
function answer(entry: Entry, ask: CacheAsk): CacheAnswer {
  if (!entry) return { kind: "miss", reason: "no_entry" };
  if (entry === "unsound") return { kind: "miss", reason: "integrity_failed" };
  const { record, xcoms, refusal } = entry;
  if (refusal) return { kind: "miss", reason: refusal };
  if (record.ageMs < -TOLERATED_SKEW_MS) return { kind: "miss", reason: "from_future" };
  if (record.error !== null) return failureAnswer(record, record.error, ask);
  if (ask.ttlMs !== null && record.ageMs >= ask.ttlMs) return { kind: "miss", reason: "expired" };
  if (record.validForMs !== undefined && record.ageMs >= record.validForMs)
    return { kind: "miss", reason: "expired" };
  if (isTooOldForRun(record, ask)) return { kind: "miss", reason: "expired_for_run" };
  if (typeof xcoms === "string") return { kind: "miss", reason: xcoms };
  return { kind: "hit", hit: { record, xcoms } };
}

/** A reader that takes no failures does not see that there is one. */
function failureAnswer(record: FoundRecord, error: StoredError, ask: CacheAsk): CacheAnswer {
  const { errorsTtlMs = null, limits } = ask;
  if (errorsTtlMs === null) return { kind: "miss", reason: "no_entry" };
  if (record.ageMs >= errorsTtlMs) return { kind: "miss", reason: "expired" };
  if (limits?.errors === false) return { kind: "miss", reason: "run_errors_off" };
  if (isTooOldForRun(record, ask)) return { kind: "miss", reason: "expired_for_run" };
  return { kind: "failure", record, error };
}

function isTooOldForRun({ ageMs }: FoundRecord, { limits }: CacheAsk): boolean {
  return limits?.ttlMs !== undefined && ageMs >= limits.ttlMs;
}
