// The lookups of one scheduling pass, under one deadline, and what an entry is to whoever asks.

import type { Clock, Digest, StoredError } from "@memodag/core";
import type { BackendOutcome } from "./cache-breaker.ts";
import type { CacheAnswer, CacheAsk, LookupOutcome } from "./cache-lookup.ts";
import type { Entry } from "./entry-reader.ts";
import type { FoundRecord } from "./record-store.ts";

/** Asks the backend for entries; see {@link PassLookup}. */
export type FetchEntries = (
  asked: ReadonlySet<Digest>,
  foreseen: readonly Digest[],
  timeoutMs: number,
) => Promise<BackendOutcome<Map<Digest, Entry>>>;

type Broken = Exclude<LookupOutcome, { kind: "answered" }>;

/**
 * The lookups of one scheduling pass. What is foreseen is fetched with the first of them, so that a
 * cascade of hits asks the backend again only where a key turned out different.
 */
export class PassLookup {
  readonly #fetch: FetchEntries;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #known = new Map<Digest, Entry>();
  #endsAt: number | undefined;
  #broken: Broken | undefined;
  #roundTrips = 0;

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
   * Asks for all keys at once.
   * @param foresee keys that are likely to be asked for later in this pass
   */
  async ask(asks: readonly CacheAsk[], foresee: readonly Digest[] = []): Promise<LookupOutcome> {
    const unknown = new Set<Digest>();
    for (const { key } of asks) if (!this.#known.has(key)) unknown.add(key);
    if (unknown.size > 0) {
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

  async #ask(asked: ReadonlySet<Digest>, foresee: readonly Digest[]): Promise<Broken | undefined> {
    const now = this.#clock.monotonic();
    this.#endsAt ??= now + this.#timeoutMs;
    const remainingMs = this.#endsAt - now;
    if (remainingMs <= 0) return { kind: "timeout" };
    const outcome = await this.#fetch(asked, foresee, remainingMs);
    if (outcome.kind !== "left_alone") this.#roundTrips += 1;
    switch (outcome.kind) {
      case "answered":
        if (this.#known.size === 0) this.#known = outcome.value;
        else for (const [key, entry] of outcome.value) this.#known.set(key, entry);
        return undefined;
      case "late":
        return { kind: "timeout" };
      case "failed":
      case "left_alone":
        return { kind: "failed", message: outcome.message };
    }
  }
}

function answer(entry: Entry, ask: CacheAsk): CacheAnswer {
  if (!entry) return { kind: "miss", reason: "no_entry" };
  if (entry === "unsound") return { kind: "miss", reason: "integrity_failed" };
  const { record, xcoms } = entry;
  if (record.error !== null) return failureAnswer(record, record.error, ask);
  if (ask.ttlMs !== null && record.ageMs >= ask.ttlMs) return { kind: "miss", reason: "expired" };
  if (typeof xcoms === "string") return { kind: "miss", reason: xcoms };
  return { kind: "hit", hit: { record, xcoms } };
}

/** A reader that takes no failures does not see that there is one. */
function failureAnswer(
  record: FoundRecord,
  error: StoredError,
  { errorsTtlMs = null }: CacheAsk,
): CacheAnswer {
  if (errorsTtlMs === null) return { kind: "miss", reason: "no_entry" };
  if (record.ageMs >= errorsTtlMs) return { kind: "miss", reason: "expired" };
  return { kind: "failure", record, error };
}
