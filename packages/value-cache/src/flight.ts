// A creation in this process: who waits for it, whom it waits for, and when it has been given up.

import { AsyncLocalStorage } from "node:async_hooks";
import { MemodagError } from "@memodag/core";
import type { EncodedValue } from "./value-adapter.ts";

/** How a flight ended. */
export type FlightOutcome =
  /** `found`: another process had created it meanwhile. */
  | { readonly kind: "created" | "found" | "stale"; readonly value: EncodedValue }
  /** `isRemembered`: the creator threw it before, and was not called. */
  | { readonly kind: "thrown"; readonly error: unknown; readonly isRemembered?: boolean };

/** The creation of one key of one cache. It is there while someone waits for it, or it runs. */
export class Flight {
  /** The cache object that it belongs to. */
  readonly owner: object;
  readonly key: string;
  /** The creation that asked for this one. */
  readonly parent: Flight | undefined;
  /** Flights that calls of its creator wait for at the moment. */
  readonly waitsFor: Set<Flight> = new Set();
  /** `waiting`: another process creates. */
  phase: "waiting" | "creating" = "waiting";
  /** Who that is. */
  holder: string | undefined;
  readonly #controller = new AbortController();
  #callers = 0;
  #isOver = false;
  #isAbandoned = false;

  constructor(owner: object, key: string) {
    this.owner = owner;
    this.key = key;
    this.parent = creating.getStore();
  }

  /** Aborted when the lease is lost, or no one waits for the value any more. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when no one waits for it any more. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Runs a creator; calls of caches within it know that they are. */
  async run<T>(create: () => T | Promise<T>): Promise<T> {
    return await creating.run(this, async () => await create());
  }

  enter(): void {
    this.#callers += 1;
    creating.getStore()?.waitsFor.add(this);
  }

  /** @param reason why the creator is told to stop if this was the last who waited */
  leave(reason: unknown): void {
    this.#callers -= 1;
    creating.getStore()?.waitsFor.delete(this);
    if (this.#callers > 0 || this.#isOver) return;
    this.#isAbandoned = true;
    this.#controller.abort(reason);
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  end(): void {
    this.#isOver = true;
  }
}

/** The creation that the code which is running is part of. */
const creating = new AsyncLocalStorage<Flight>();

/**
 * Refuses a key whose creation the caller is part of.
 * @throws MemodagError `cache_key_reentered`
 */
export function refuseReentry(owner: object, key: string): void {
  for (let flight = creating.getStore(); flight; flight = flight.parent) {
    if (flight.owner === owner && flight.key === key) throw reentered(key, "its own creator asks for it");
  }
}

/**
 * Refuses to wait for a flight that, through others, waits for the caller.
 * @throws MemodagError `cache_key_reentered`
 */
export function refuseCircle(flight: Flight): void {
  const own = new Set<Flight>();
  for (let each = creating.getStore(); each; each = each.parent) own.add(each);
  if (own.size === 0) return;
  const seen = new Set<Flight>();
  const pending = [flight];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (own.has(next)) throw reentered(flight.key, `its creator waits for ${JSON.stringify(next.key)}`);
    if (seen.has(next)) continue;
    seen.add(next);
    for (const other of next.waitsFor) pending.push(other);
  }
}

function reentered(key: string, why: string): MemodagError {
  return new MemodagError(
    "cache_key_reentered",
    `${JSON.stringify(key)} cannot be asked for here: ${why}, and would never get it. ` +
      "Ask for it before, or under another key",
    { fields: { key } },
  );
}
