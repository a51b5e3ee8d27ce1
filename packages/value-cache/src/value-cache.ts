// Get-or-create: finds a value, or has one caller create it while the others wait.

import { MemodagError, messageOf } from "@memodag/core";
import { Creation, defaultHolder, type CreationParts, type Creator } from "./creation.ts";
import { decodeValue, encodeValue, RememberedError, type CacheableValue } from "./encoded-value.ts";
import { Flight, refuseCircle, refuseReentry, type FlightOutcome } from "./flight.ts";
import { judgeValue, type Judgement } from "./judge-value.ts";
import { PendingCounts } from "./pending-counts.ts";
import { StoreCalls } from "./store-calls.ts";
import type { ValueAdapter, ValueCounts } from "./value-adapter.ts";
import {
  cacheSettings,
  callSettings,
  checkKey,
  type CacheSettings,
  type CallSettings,
  type Lifetime,
  type ValueCacheOptions,
  type ValueOptions,
} from "./value-options.ts";

/** The result of {@link ValueCache.stats}. */
export interface ValueCacheStats extends ValueCounts {
  /** Hits of hits and misses; 0 before the first. */
  readonly hitRate: number;
  /** Number of values. */
  readonly size: number;
  /** Their keys in order, the first of them. */
  readonly keys: readonly string[];
  /** Whether this is of the process, or of all that use the cache. */
  readonly scope: "process" | "all";
}

const SHOWN_KEYS = 100;
const MOST_SHOWN_KEYS = 10_000;

/**
 * Values by key, with at most one creator at a time for each, in all processes that share the store.
 *
 * Values are JSON or bytes. What a call resolves to is always decoded from what is stored, a copy for each caller, so
 * that the first call and the next ones get the same.
 */
export class ValueCache {
  readonly #parts: CreationParts;
  readonly #settings: CacheSettings;
  readonly #adapter: ValueAdapter;
  readonly #store: StoreCalls;
  readonly #counts: PendingCounts;
  readonly #flights = new Map<string, FlightOf>();

  /** @throws MemodagError `usage`, `duration_invalid` */
  constructor(options: ValueCacheOptions) {
    const settings = cacheSettings(options);
    const { adapter } = options;
    const { place, clock, log } = settings;
    const timeoutMs = adapter.scope === "process" ? undefined : settings.storeTimeoutMs;
    this.#settings = settings;
    this.#adapter = adapter;
    this.#store = new StoreCalls(place.cache, timeoutMs, clock);
    this.#counts = new PendingCounts(adapter, place, clock, log);
    const holder = options.holder ?? defaultHolder();
    this.#parts = { adapter, settings, store: this.#store, counts: this.#counts, holder };
  }

  /** Creations of this process that have not ended. */
  get pending(): number {
    return this.#flights.size;
  }

  /**
   * Resolves to the current value of a key, or has `create` create it. Of many callers at once, one creates; the
   * others get its value. A creator that throws has its own caller reject; those who waited try it themselves, one
   * after the other.
   *
   * @throws MemodagError `cache_key_reentered`, `value_key_invalid`, `value_not_json`, `value_too_large`,
   *   `value_wait_timeout`, `cache_backend_failed`
   */
  async getOrCreate<T extends CacheableValue>(
    key: string,
    create: Creator<T>,
    options: ValueOptions = {},
  ): Promise<T> {
    checkKey(key);
    const call = callSettings(options, this.#settings);
    call.signal?.throwIfAborted();
    refuseReentry(this, key);
    return decodeValue(await this.#encoded(key, create, call)) as T;
  }

  /** Resolves to the current value of a key, or `undefined`. A remembered error is none. */
  async find<T extends CacheableValue>(
    key: string,
    options: Pick<ValueOptions, "ttl"> = {},
  ): Promise<T | undefined> {
    checkKey(key);
    if (!this.#settings.isEnabled()) return undefined;
    const call = callSettings(options, this.#settings);
    const seen = await this.#look(key, call).catch((error: unknown): Judgement => {
      this.#warn("a value could not be looked up", error);
      return { kind: "absent" };
    });
    this.#counts.note(seen.kind === "current" ? "hits" : "misses");
    return seen.kind === "current" ? (decodeValue(seen.value) as T) : undefined;
  }

  /** Stores a value. Who creates it at the time does not replace it. */
  async set(
    key: string,
    value: CacheableValue,
    options: Pick<ValueOptions, "ttl" | "grace"> = {},
  ): Promise<void> {
    checkKey(key);
    const { ttlMs, graceMs } = callSettings(options, this.#settings);
    const encoded = encodeValue(key, value, this.#settings.maxValueBytes);
    if (!this.#settings.isEnabled()) return;
    this.#flights.delete(key);
    const keepMs = ttlMs === null ? null : ttlMs + graceMs;
    const { place } = this.#settings;
    await this.#store.call(() => this.#adapter.put(place, key, { value: encoded, ttlMs, keepMs }, null));
  }

  /** Drops a value, also one that is being created. False when there was none. */
  async delete(key: string): Promise<boolean> {
    checkKey(key);
    this.#flights.delete(key);
    return await this.#store.call(() => this.#adapter.delete(this.#settings.place, key));
  }

  /**
   * Drops all values, or with `under: "users"` those of keys that begin with `users/`, also those that are being
   * created. Resolves to the number of values dropped.
   */
  async clear(options: { readonly under?: string } = {}): Promise<number> {
    const prefix = prefixOf(options);
    for (const key of this.#flights.keys()) {
      if (prefix === undefined || key.startsWith(prefix)) this.#flights.delete(key);
    }
    return await this.#store.call(() => this.#adapter.clear(this.#settings.place, prefix));
  }

  /** @param options `keys`: how many keys to list, 100 unless said otherwise, 10,000 at most */
  async stats({ keys: limit = SHOWN_KEYS }: { readonly keys?: number } = {}): Promise<ValueCacheStats> {
    const { place } = this.#settings;
    if (!Number.isInteger(limit) || limit < 0 || limit > MOST_SHOWN_KEYS) {
      throw new MemodagError("usage", `keys is ${limit}: use 0 to ${MOST_SHOWN_KEYS}`);
    }
    return await this.#store.call(async () => {
      await this.#counts.flush();
      const counts = await this.#adapter.readCounts(place);
      const [size, keys] = [await this.#adapter.size(place), await this.#adapter.listKeys(place, limit)];
      const asked = counts.hits + counts.misses;
      const hitRate = asked === 0 ? 0 : counts.hits / asked;
      return { ...counts, hitRate, size, keys, scope: this.#adapter.scope };
    });
  }

  /** Writes the counts that are left. The adapter stays its owner's to close. */
  async close(): Promise<void> {
    await this.#store
      .call(() => this.#counts.flush())
      .catch((error: unknown) => {
        this.#warn("the last counts of a value cache were lost", error);
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #encoded(key: string, create: Creator<unknown>, call: CallSettings): Promise<FlightValue> {
    const deadline =
      call.waitTimeoutMs === undefined ? undefined : this.#settings.clock.monotonic() + call.waitTimeoutMs;
    for (;;) {
      if (!this.#settings.isEnabled()) return await this.#createAlone(key, create, call);
      const seen = await this.#lookUnless(key, call);
      call.signal?.throwIfAborted();
      if (!call.refresh) {
        if (seen.kind === "current") {
          this.#counts.note("hits");
          return seen.value;
        }
        if (seen.kind === "error" && seen.value.kind !== "bytes") {
          this.#counts.note("errors");
          throw new RememberedError(seen.value.text, seen.ageMs);
        }
      }
      const present = this.#flights.get(key);
      if (present && seen.kind === "stale" && !call.refresh) {
        this.#counts.note("stale");
        return seen.value;
      }
      if (present) {
        refuseCircle(present.flight);
        this.#counts.note("waits");
      }
      const joined = present ?? this.#start(key, create, call, seen);
      const outcome = await this.#attend(joined, call, present === undefined, deadline);
      if (outcome.kind === "timed out") {
        if (call.onWaitTimeout === "create") return await this.#createAlone(key, create, call);
        throw waitedTooLong(key, joined.flight, call.waitTimeoutMs ?? 0);
      }
      const value = this.#valueOf(outcome, present === undefined, call.refresh);
      if (value) return value;
    }
  }

  /** `undefined`: the caller is to try itself. */
  #valueOf(outcome: FlightOutcome, isOwn: boolean, isRefresh: boolean): FlightValue | undefined {
    if (outcome.kind === "thrown") {
      if (!isOwn) return undefined;
      if (outcome.isRemembered) this.#counts.note("errors");
      throw outcome.error;
    }
    if (!isOwn && (isRefresh || outcome.kind === "stale")) return undefined;
    const isStale = outcome.kind === "stale";
    this.#counts.note(isStale ? "stale" : isOwn && outcome.kind === "created" ? "misses" : "hits");
    return outcome.value;
  }

  #start(key: string, create: Creator<unknown>, call: CallSettings, seen: Judgement): FlightOf {
    const flight = new Flight(this, key);
    const outcome = new Creation(this.#parts, flight, create, call).run(seen).finally(() => {
      if (this.#flights.get(key) === started) this.#flights.delete(key);
    });
    const started = { flight, outcome };
    this.#flights.set(key, started);
    return started;
  }

  /** Waits for a flight, as long as the call allows. The wait for a creator of its own has no limit. */
  async #attend(
    { flight, outcome }: FlightOf,
    { signal }: CallSettings,
    isOwn: boolean,
    deadline: number | undefined,
  ): Promise<FlightOutcome | { readonly kind: "timed out" }> {
    const { clock } = this.#settings;
    const { promise, resolve, reject } = Promise.withResolvers<{ readonly kind: "timed out" }>();
    const onAbort = (): void => reject(signal?.reason);
    const onTimeout = (): void => {
      if (!isOwn || flight.phase === "waiting") resolve({ kind: "timed out" });
    };
    flight.enter();
    signal?.addEventListener("abort", onAbort, { once: true });
    const cancel =
      deadline === undefined ? undefined : clock.after(Math.max(0, deadline - clock.monotonic()), onTimeout);
    try {
      return await (signal || deadline !== undefined ? Promise.race([outcome, promise]) : outcome);
    } finally {
      cancel?.();
      signal?.removeEventListener("abort", onAbort);
      flight.leave(
        signal?.aborted
          ? signal.reason
          : new DOMException("no one waits for the value any more", "AbortError"),
      );
      const { key } = flight;
      if (flight.isAbandoned && this.#flights.get(key)?.flight === flight) this.#flights.delete(key);
    }
  }

  async #createAlone(key: string, create: Creator<unknown>, call: CallSettings): Promise<FlightValue> {
    const flight = new Flight(this, key);
    this.#counts.note("misses");
    const outcome = new Creation(this.#parts, flight, create, call).runAlone(undefined);
    const ended = await this.#attend({ flight, outcome }, call, true, undefined);
    if (ended.kind === "timed out") throw new Error("a creation without a lease has no time limit");
    if (ended.kind === "thrown") throw ended.error;
    return ended.value;
  }

  async #look(key: string, call: CallSettings): Promise<Judgement> {
    const found = await this.#store.call(() => this.#adapter.find(this.#settings.place, [key]));
    return judgeValue(found.get(key), call);
  }

  /** A store that cannot be read holds no value, unless the call insists on it. */
  async #lookUnless(key: string, call: CallSettings): Promise<Judgement> {
    try {
      return await this.#look(key, call);
    } catch (error) {
      const isRefused = error instanceof MemodagError && error.fault !== "infrastructure";
      if (isRefused || call.onStoreFailure === "throw") throw error;
      return { kind: "absent" };
    }
  }

  #warn(message: string, error: unknown): void {
    this.#settings.log.warn(message, { cache: this.#settings.place.cache, error: messageOf(error) });
  }
}

/** A flight and its end. */
interface FlightOf {
  readonly flight: Flight;
  readonly outcome: Promise<FlightOutcome>;
}

type FlightValue = Exclude<FlightOutcome, { kind: "thrown" }>["value"];

/** @throws MemodagError `usage`, `value_key_invalid` */
function prefixOf(options: { readonly under?: string }): string | undefined {
  if (!("under" in options)) return undefined;
  if (options.under === undefined) {
    // A variable that is not set must not clear everything.
    throw new MemodagError("usage", "under is undefined: leave it out to clear the whole cache");
  }
  checkKey(options.under, "group");
  return options.under.endsWith("/") ? options.under : `${options.under}/`;
}

function waitedTooLong(key: string, { holder }: Flight, waitTimeoutMs: Lifetime): MemodagError {
  const whom = holder ?? "this process";
  return new MemodagError(
    "value_wait_timeout",
    `the value of ${JSON.stringify(key)} is still being created by ${whom} after ${waitTimeoutMs}ms: ` +
      'wait longer, set grace, or use onWaitTimeout: "create"',
    { fields: { key, holder: whom } },
  );
}
