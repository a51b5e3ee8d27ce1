// Creates a value: takes the lease or waits for it, runs the creator, stores what it returns.

import { hostname } from "node:os";
import { isOwnFault, messageOf, type CancelTimer } from "@memodag/core";
import {
  decodeValue,
  encodeError,
  encodeValue,
  RememberedError,
  type CacheableValue,
} from "./encoded-value.ts";
import type { Flight, FlightOutcome } from "./flight.ts";
import { judgeValue, type Judgement } from "./judge-value.ts";
import type { PendingCounts } from "./pending-counts.ts";
import type { StoreCalls } from "./store-calls.ts";
import type { EncodedValue, ValueAdapter, ValueClaim } from "./value-adapter.ts";
import { toMs, type CacheSettings, type CallSettings, type Lifetime } from "./value-options.ts";

/** The argument of a creator. */
export interface CreateCall {
  /** Aborted when the lease is lost, or no one waits for the value any more. */
  readonly signal: AbortSignal;
  /** The value that has expired, within its grace. */
  readonly stale: CacheableValue | undefined;
  /** Sets the ttl of the value that is being created. */
  keepFor(ttl: Lifetime | null): void;
  /** Has the value returned, and not stored. */
  skip(): void;
}

/** Creates the value of a key. */
export type Creator<T> = (call: CreateCall) => T | Promise<T>;

/** The shared parts of the creations of one cache. */
export interface CreationParts {
  readonly adapter: ValueAdapter;
  readonly settings: CacheSettings;
  readonly store: StoreCalls;
  readonly counts: PendingCounts;
  readonly holder: string;
}

const FIRST_POLL_MS = 50;
const LONGEST_POLL_MS = 1_000;

/** One creation, from taking the lease to giving it back. Its outcome never rejects. */
export class Creation {
  readonly #parts: CreationParts;
  readonly #flight: Flight;
  readonly #create: Creator<unknown>;
  readonly #call: CallSettings;

  constructor(parts: CreationParts, flight: Flight, create: Creator<unknown>, call: CallSettings) {
    this.#parts = parts;
    this.#flight = flight;
    this.#create = create;
    this.#call = call;
  }

  /** @param seen what the caller found in the store */
  async run(seen: Judgement): Promise<FlightOutcome> {
    try {
      for (;;) {
        const outcome = await this.#try(seen);
        if (outcome !== "again") return outcome;
        seen = { kind: "absent" };
      }
    } catch (error) {
      return { kind: "thrown", error };
    } finally {
      this.#flight.end();
    }
  }

  /** Runs the creator without a lease, and stores nothing. */
  async runAlone(stale: EncodedValue | undefined): Promise<FlightOutcome> {
    try {
      const made = await this.#made(stale);
      return { kind: "created", value: made.value };
    } catch (error) {
      this.#parts.counts.note("errors");
      return { kind: "thrown", error };
    } finally {
      this.#flight.end();
    }
  }

  /** `again`: the lease was lost, and the creator stopped for it. */
  async #try(seen: Judgement): Promise<FlightOutcome | "again"> {
    const { adapter, settings, store } = this.#parts;
    const { place } = settings;
    const { key } = this.#flight;
    let stale = staleOf(seen);
    let token: number;
    try {
      const claimed = await this.#acquire(stale);
      if (typeof claimed !== "number") return claimed;
      token = claimed;
    } catch (error) {
      // The caller's own fault, a store that the call insists on, or no one waits any more.
      if (isOwnFault(error) || this.#call.onStoreFailure === "throw" || this.#flight.isAbandoned) throw error;
      settings.log.warn("the store of a value cache failed; the value is created without it", {
        cache: place.cache,
        error: messageOf(error),
      });
      return await this.#keepGoing(stale);
    }
    const lease = this.#hold(token);
    try {
      // The holder before may have stored it: without this look, waiters would create it once more.
      const again = await this.#look().catch((): Judgement => seen);
      const found = this.#answerOf(again);
      if (found) return found;
      stale = staleOf(again) ?? stale;
      return await this.#createUnder(lease, token, stale);
    } finally {
      lease.stop();
      await store.call(() => adapter.release(place, key, token)).catch(() => undefined);
    }
  }

  /** A token, or what makes creating unnecessary. */
  async #acquire(stale: EncodedValue | undefined): Promise<number | FlightOutcome> {
    const { adapter, settings, store, holder, counts } = this.#parts;
    const { place, leaseMs } = settings;
    const { key } = this.#flight;
    const giveBack = (claim: ValueClaim): void => {
      if (claim.kind === "acquired") adapter.release(place, key, claim.token).catch(() => undefined);
    };
    for (let attempt = 0; ; attempt += 1) {
      const claim = await store.call(() => adapter.tryAcquire(place, key, holder, leaseMs), giveBack);
      if (claim.kind === "acquired") {
        if (!this.#flight.isAbandoned) return claim.token;
        giveBack(claim);
        throw this.#flight.signal.reason;
      }
      this.#flight.holder = claim.holder;
      if (stale) return { kind: "stale", value: stale };
      if (attempt === 0) counts.note("waits");
      await this.#untilFreed(attempt);
      const seen = await store.call(() => this.#look());
      const found = this.#answerOf(seen);
      if (found) return found;
      stale = staleOf(seen);
    }
  }

  async #look(): Promise<Judgement> {
    const { adapter, settings } = this.#parts;
    const { key } = this.#flight;
    const found = await adapter.find(settings.place, [key]);
    return judgeValue(found.get(key), this.#call);
  }

  #answerOf(seen: Judgement): FlightOutcome | undefined {
    if (this.#call.refresh) return undefined;
    if (seen.kind === "current") return { kind: "found", value: seen.value };
    if (seen.kind !== "error" || seen.value.kind === "bytes") return undefined;
    return { kind: "thrown", error: new RememberedError(seen.value.text, seen.ageMs), isRemembered: true };
  }

  /** @throws the reason of the flight's signal, when no one waits any more */
  async #untilFreed(attempt: number): Promise<void> {
    const { adapter, settings } = this.#parts;
    const { signal, key } = this.#flight;
    const pollMs = Math.min(FIRST_POLL_MS * 2 ** attempt, LONGEST_POLL_MS) * (1 + Math.random() / 4);
    // The clock's timers do not keep the process alive, and nothing else may.
    const alive = setInterval(() => undefined, 2 ** 30);
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = (): void => resolve();
    signal.addEventListener("abort", ended, { once: true });
    const forget = adapter.onFreed?.(settings.place, key, ended);
    const cancel = settings.clock.after(pollMs, ended);
    if (signal.aborted) ended();
    try {
      await promise;
    } finally {
      clearInterval(alive);
      cancel();
      forget?.();
      signal.removeEventListener("abort", ended);
    }
    if (this.#flight.isAbandoned) throw signal.reason;
  }

  /** Renews a lease at a third of it until it is stopped or lost. */
  #hold(token: number): HeldLease {
    const { adapter, settings, store, counts } = this.#parts;
    const { place, leaseMs, clock, log } = settings;
    const flight = this.#flight;
    let cancel: CancelTimer = () => undefined;
    const lease = {
      isLost: false,
      isOver: false,
      stop: () => {
        lease.isOver = true;
        cancel();
        flight.signal.removeEventListener("abort", onAbort);
      },
    };
    // Those who come now are not to wait for a creator that was told to stop and may not.
    const onAbort = (): void => {
      if (!flight.isAbandoned) return;
      lease.stop();
      adapter.release(place, flight.key, token).catch(() => undefined);
    };
    flight.signal.addEventListener("abort", onAbort, { once: true });
    if (flight.signal.aborted) onAbort();
    const renew = async (): Promise<void> => {
      const isHeld = await store
        .call(() => adapter.tryRenew(place, flight.key, token, leaseMs))
        .catch((error: unknown) => {
          // A store that is away gives the lease to no one else either.
          log.warn("could not renew the lease of a value", { cache: place.cache, error: messageOf(error) });
          return true;
        });
      if (lease.isOver) return;
      if (isHeld) return schedule();
      lease.isLost = true;
      counts.note("lostLeases");
      flight.abort(new DOMException("the lease of the value that is being created was lost", "AbortError"));
    };
    const schedule = (): void => {
      cancel = clock.after(leaseMs / 3, () => void renew().catch(() => undefined));
    };
    schedule();
    return lease;
  }

  async #createUnder(
    lease: HeldLease,
    token: number,
    stale: EncodedValue | undefined,
  ): Promise<FlightOutcome | "again"> {
    const { adapter, settings, store, counts } = this.#parts;
    const { key } = this.#flight;
    let made: MadeValue;
    try {
      made = await this.#made(stale);
    } catch (error) {
      // It stopped because it was told to: another creator has the lease, or this process gets it again.
      if (lease.isLost && !this.#flight.isAbandoned) return "again";
      return await this.#failed(error, token, stale);
    }
    const { value, ttlMs, keepMs } = made;
    if (keepMs === 0 || this.#flight.isAbandoned) return { kind: "created", value };
    try {
      const stored = await store.call(() =>
        adapter.put(settings.place, key, { value, ttlMs, keepMs }, token),
      );
      if (stored === "overtaken" && !lease.isLost) counts.note("lostLeases");
    } catch (error) {
      if (isOwnFault(error) || this.#call.onStoreFailure === "throw") throw error;
      settings.log.warn("could not store the value of a value cache", {
        cache: settings.place.cache,
        error: messageOf(error),
      });
    }
    return { kind: "created", value };
  }

  /** Without the store. */
  async #keepGoing(stale: EncodedValue | undefined): Promise<FlightOutcome> {
    try {
      const { value } = await this.#made(stale);
      return { kind: "created", value };
    } catch (error) {
      return await this.#failed(error, undefined, stale);
    }
  }

  async #failed(
    error: unknown,
    token: number | undefined,
    stale: EncodedValue | undefined,
  ): Promise<FlightOutcome> {
    const { adapter, settings, store, counts } = this.#parts;
    const { place, log } = settings;
    counts.note("errors");
    if (stale) {
      const fields = { cache: place.cache, key: this.#flight.key, error: messageOf(error) };
      log.warn("creating a value failed; the one that has expired is used", fields);
      return { kind: "stale", value: stale };
    }
    const { errorsMs } = this.#call;
    if (errorsMs !== undefined && errorsMs > 0 && token !== undefined && !this.#flight.isAbandoned) {
      const remembered = { value: encodeError(error), ttlMs: errorsMs, keepMs: errorsMs };
      try {
        await store.call(() => adapter.put(place, this.#flight.key, remembered, token));
      } catch (failure) {
        log.warn("could not store the error of a creator", {
          cache: place.cache,
          error: messageOf(failure),
        });
      }
    }
    return { kind: "thrown", error };
  }

  async #made(stale: EncodedValue | undefined): Promise<MadeValue> {
    const { settings } = this.#parts;
    const flight = this.#flight;
    flight.phase = "creating";
    let { ttlMs } = this.#call;
    let isSkipped = false;
    const call: CreateCall = {
      signal: flight.signal,
      stale: stale && decodeValue(stale),
      keepFor(ttl) {
        ttlMs = ttl === null ? null : (toMs("keepFor", ttl) ?? ttlMs);
      },
      skip() {
        isSkipped = true;
      },
    };
    const returned = await flight.run(() => this.#create(call));
    const value = encodeValue(flight.key, returned, settings.maxValueBytes);
    if (isSkipped) return { value, ttlMs: 0, keepMs: 0 };
    return { value, ttlMs, keepMs: ttlMs === null ? null : ttlMs + this.#call.graceMs };
  }
}

interface MadeValue {
  readonly value: EncodedValue;
  readonly ttlMs: number | null;
  readonly keepMs: number | null;
}

interface HeldLease {
  readonly isLost: boolean;
  stop(): void;
}

function staleOf(seen: Judgement): EncodedValue | undefined {
  return seen.kind === "stale" ? seen.value : undefined;
}

/** Returns the name of this process, which is shown to others that wait for it. */
export function defaultHolder(): string {
  return `${hostname()}:${process.pid}`;
}
