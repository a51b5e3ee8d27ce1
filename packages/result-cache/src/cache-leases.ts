// Leases as the scheduler sees them: fail-open, renewed while they are held, shared by one process's runs.

import type { CancelTimer, Clock, Digest, Live, Logger } from "@memodag/core";
import { CacheBreaker, type BackendOutcome, type BackendWork, type BreakerOptions } from "./cache-breaker.ts";
import { Gathered } from "./gathered.ts";
import { LeaseCalls, type LeaseCallsParts, type RenewalAnswer } from "./lease-calls.ts";
import type { KeyLease, LeaseStore, LeaseToken } from "./lease-store.ts";

/** Settings of {@link CacheLeases}. */
export interface CacheLeasesOptions extends BreakerOptions {
  /** Milliseconds that a lease outlives its last renewal; it is renewed three times as often. */
  readonly leaseMs: number;
  /** Milliseconds that one call of the store may take. */
  readonly timeoutMs: Live<number>;
}

/** The parts of {@link CacheLeases}. */
export interface CacheLeasesParts {
  readonly store: LeaseStore;
  /** Its name in the log. Default: the lease store of the cache. */
  readonly name?: string;
  /** Resolves once the store is open, or is not waited for any longer; never rejects. Absent: it is open. */
  readonly opened?: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly options: CacheLeasesOptions;
}

/** Ties a record to the lease under which its result was made: without the lease it is not stored. */
export interface RecordFence extends LeaseToken {
  /** Renews the lease; false if that cannot be said of it any more. */
  confirm(): Promise<boolean>;
}

/** The outcome of asking for a lease. `unavailable`: the store failed, or was late. */
export type LeaseOutcome =
  | { readonly kind: "acquired"; readonly lease: KeyLease }
  | { readonly kind: "held"; readonly holder: string }
  /** The store is being opened: ask again after {@link CacheLeases.whenOpen}. */
  | { readonly kind: "opening" }
  | { readonly kind: "unavailable"; readonly message: string };

/** A lease that is to be renewed now, and whether it was. */
interface Confirmation {
  readonly lease: KeyLease;
  isHeld: boolean;
}

interface Flight {
  readonly holder: string;
  readonly outcome: Promise<LeaseOutcome>;
  lease: KeyLease | undefined;
  /** When the last request was sent that the store granted, by the monotonic clock. */
  confirmedAt: number;
  /** Told when the key may be asked for again. */
  readonly freed: Set<() => void>;
  /** Told when the lease is lost while it is held; without it, one that cannot be renewed is kept. */
  readonly onLost: (() => void) | undefined;
}

/** Takes, renews and frees leases. No method rejects, and none takes longer than its deadline. */
export class CacheLeases {
  readonly #store: LeaseStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #options: CacheLeasesOptions;
  readonly #breaker: CacheBreaker;
  readonly #calls: LeaseCalls;
  /** Transactions confirm and release the leases of all of their members at once. */
  readonly #confirmations = new Gathered<Confirmation>((asked) => this.#confirmAll(asked));
  readonly #releases = new Gathered<KeyLease>((leases) => this.#releaseAll(leases));
  readonly #flights = new Map<string, Flight>();
  readonly #releasing = new Set<Promise<unknown>>();
  #cancelRenewal: CancelTimer | undefined;
  readonly #opened: (() => Promise<void>) | undefined;
  #opening: Promise<void> | undefined;
  #isOpen: boolean;

  constructor({
    opened,
    store,
    clock,
    log,
    options,
    name = "the lease store of the cache",
  }: CacheLeasesParts) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#options = options;
    this.#opened = opened;
    this.#isOpen = opened === undefined;
    this.#breaker = new CacheBreaker(options, log, name);
    const { leaseMs } = options;
    const call: LeaseCallsParts["call"] = (work, insists) => this.#call(work, insists);
    this.#calls = new LeaseCalls({ store, clock, log, leaseMs, call });
  }

  /** Opens the store; resolves once it can be asked. */
  async whenOpen(): Promise<void> {
    if (this.#isOpen) return;
    this.#opening ??= this.#opened?.().then(() => {
      this.#isOpen = true;
    });
    await this.#opening;
  }

  /**
   * Asks for the lease of a key. What another run of this process holds, or is asking for, costs the
   * store no call.
   * @param holder what others are shown while they wait; one name for each task instance of a run
   * @param onLost called once if the lease is lost before it is released, or may be: another process may have it.
   * Without it, a lease that the store does not renew in time goes on to keep others of this process waiting
   */
  async acquire(team: string, key: Digest, holder: string, onLost?: () => void): Promise<LeaseOutcome> {
    // It may take longer than a pass may wait: a task that ran without the lock of a sound store would gain nothing.
    if (!this.#isOpen) {
      void this.whenOpen();
      return { kind: "opening" };
    }
    const name = nameOf({ team, key });
    const present = this.#flights.get(name);
    if (present) {
      const outcome = await present.outcome;
      if (outcome.kind !== "acquired") return outcome;
      if (present.holder !== holder || present.lease) return { kind: "held", holder: present.holder };
      // The same instance, in an execution that was replaced: it gives the lease back at this moment.
      if (this.#flights.get(name) === present)
        await new Promise<void>((resolve) => present.freed.add(resolve));
      return await this.acquire(team, key, holder, onLost);
    }
    const confirmedAt = this.#clock.monotonic();
    const outcome = this.#claim(team, key, holder);
    const flight: Flight = { holder, outcome, lease: undefined, confirmedAt, freed: new Set(), onLost };
    this.#flights.set(name, flight);
    const claimed = await outcome;
    if (claimed.kind === "acquired") {
      flight.lease = claimed.lease;
      this.#scheduleRenewal();
    } else {
      this.#end(name, flight);
    }
    return claimed;
  }

  /**
   * Calls `wake` once when a key that this process holds is given back, or the store is open; never for a key that is
   * held elsewhere.
   */
  onceFreed(team: string, key: Digest, wake: () => void): void {
    if (!this.#isOpen) void this.whenOpen().then(wake);
    this.#flights.get(nameOf({ team, key }))?.freed.add(wake);
  }

  /** Ties a record to a lease. */
  fenceOf(lease: KeyLease): RecordFence {
    return {
      token: lease.token,
      database: this.#store.database,
      confirm: async () => {
        if (this.#flights.get(nameOf(lease))?.lease !== lease) return false;
        const confirmation = { lease, isHeld: false };
        await this.#confirmations.add(confirmation);
        return confirmation.isHeld;
      },
    };
  }

  /** Gives a lease back. Where the store does not take it, it expires. */
  async release(lease: KeyLease): Promise<void> {
    const flight = this.#flights.get(nameOf(lease));
    if (flight?.lease?.token !== lease.token) return;
    flight.lease = undefined;
    const releasing = this.#releases.add(lease);
    this.#releasing.add(releasing);
    await releasing;
    this.#releasing.delete(releasing);
  }

  /** Gives back all that are held, and waits for all that are being given back; for the end of a process. */
  async close(): Promise<void> {
    const held = [...this.#flights.values()].flatMap(({ lease }) => (lease ? [lease] : []));
    for (const lease of held) void this.release(lease);
    // Those that were given back just before are on their way, too.
    await Promise.all(this.#releasing);
    this.#cancelRenewal?.();
    this.#cancelRenewal = undefined;
  }

  async #claim(team: string, key: Digest, holder: string): Promise<LeaseOutcome> {
    const outcome = await this.#call(async (signal, isTrial) => {
      const claim = await this.#store.tryAcquire(team, key, holder, this.#options.leaseMs);
      // The caller has given up: the task runs without the lease, and others must not wait.
      const isUnwanted = signal.aborted || isTrial;
      if (isUnwanted && claim.kind === "acquired") await this.#store.release(team, key, claim.token);
      return claim;
    });
    if (outcome.kind === "answered") {
      const claim = outcome.value;
      return claim.kind === "held" ? claim : { kind: "acquired", lease: { team, key, token: claim.token } };
    }
    const { message } = outcome;
    if (outcome.kind !== "left_alone") {
      this.#log.warn("could not ask for the lease of a cache key", {
        team,
        key,
        error: message,
      });
    }
    return { kind: "unavailable", message };
  }

  /**
   * One call of the store, under its deadline.
   * @param insists the answer is waited for although the call before was late
   */
  async #call<T>(work: BackendWork<T>, insists = false): Promise<BackendOutcome<T>> {
    return await this.#breaker.call(this.#options.timeoutMs(), work, insists);
  }

  #end(name: string, flight: Flight): void {
    if (this.#flights.get(name) === flight) this.#flights.delete(name);
    for (const wake of flight.freed) wake();
    flight.freed.clear();
  }

  #scheduleRenewal(): void {
    this.#cancelRenewal ??= this.#clock.after(this.#options.leaseMs / 3, () => {
      this.#cancelRenewal = undefined;
      void this.#renewAll();
    });
  }

  async #renewAll(): Promise<void> {
    const held = [...this.#flights.values()].flatMap(({ lease }) => lease ?? []);
    if (held.length === 0) return;
    // Counted from now: what is late must not put off the next attempt, up to which an unconfirmed lease has to last.
    this.#scheduleRenewal();
    await this.#calls.renew(held, (lease, answer) => void this.#takeRenewal(lease, answer));
  }

  async #confirmAll(asked: readonly Confirmation[]): Promise<void> {
    const byLease = Map.groupBy(asked, ({ lease }) => lease);
    await this.#calls.renew([...byLease.keys()], (lease, answer) => {
      const isHeld = this.#takeRenewal(lease, answer);
      for (const confirmation of byLease.get(lease) ?? []) confirmation.isHeld = isHeld;
    });
  }

  async #releaseAll(leases: readonly KeyLease[]): Promise<void> {
    await this.#calls.release(leases, (lease) => {
      const name = nameOf(lease);
      const flight = this.#flights.get(name);
      if (flight) this.#end(name, flight);
    });
  }

  /** Returns true if the lease was renewed. */
  #takeRenewal(lease: KeyLease, { isRenewed, sentAt }: RenewalAnswer): boolean {
    const name = nameOf(lease);
    const flight = this.#flights.get(name);
    // One that was given back meanwhile is not lost.
    if (flight?.lease !== lease) return false;
    if (isRenewed === true) {
      flight.confirmedAt = Math.max(flight.confirmedAt, sentAt);
      return true;
    }
    const { leaseMs } = this.#options;
    // Without an answer, it lasts until the next attempt to renew it.
    const lasts = !flight.onLost || this.#clock.monotonic() + leaseMs / 3 < flight.confirmedAt + leaseMs;
    if (isRenewed === false || !lasts) this.#lose(name, flight, lease);
    return false;
  }

  #lose(name: string, flight: Flight, { team, key }: KeyLease): void {
    this.#log.warn("the lease of a cache key was lost", { team, key, holder: flight.holder });
    flight.lease = undefined;
    this.#end(name, flight);
    flight.onLost?.();
  }
}

function nameOf({ team, key }: Pick<KeyLease, "team" | "key">): string {
  return JSON.stringify([team, key]);
}
