// A scope that another deployment keeps in its own database: only read, and left alone while it does not answer.

import type { Digest, Logger, ValueRef } from "@memodag/core";
import { CacheBreaker, type BackendWork, type BreakerOptions } from "./cache-breaker.ts";
import type { FoundRecord, RecordStore, StoreCallOptions } from "./record-store.ts";
import type { ResultStore } from "./result-store.ts";

/** The stores of another deployment, as far as they are read. */
export interface OutsideStores {
  readonly records: Pick<RecordStore, "find" | "list" | "stats" | "count">;
  readonly results: Pick<ResultStore, "read">;
}

/** The parts of an {@link OutsideScope}. */
export interface OutsideScopeParts {
  readonly name: string;
  readonly stores: OutsideStores;
  /** True for a store of the config of this deployment: records that refer to another one are not found. */
  readonly hasStore: (name: string) => boolean;
  /** Milliseconds that one call may take: a part of the deadline of a pass, which own results need as well. */
  readonly timeoutMs: number;
  readonly breaker: BreakerOptions;
  readonly log: Logger;
}

/** Finds records and reads results. Both resolve to what was found in time, which may be nothing, and never reject. */
export class OutsideScope {
  readonly name: string;
  /** Reads what `find` has found. */
  readonly results: Pick<ResultStore, "read">;
  /** For listings, which say when it does not answer. */
  readonly records: OutsideStores["records"];
  readonly #parts: OutsideScopeParts;
  readonly #breaker: CacheBreaker;

  constructor(parts: OutsideScopeParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.records = parts.stores.records;
    this.#breaker = new CacheBreaker(parts.breaker, parts.log, `the database of the scope "${parts.name}"`);
    this.results = {
      read: async (team, digests, { signal } = {}) =>
        await this.#ask((own) => parts.stores.results.read(team, digests, { signal: either(own, signal) })),
    };
  }

  /** How XComs of its records refer to their values. No store of the config has a colon in its name. */
  get valueStore(): string {
    return outsideStoreName(this.name);
  }

  /** Records without entries of job caches, which could not be restored here, and without remembered failures. */
  async find(
    team: string,
    keys: readonly Digest[],
    { signal }: StoreCallOptions,
  ): Promise<Map<Digest, FoundRecord>> {
    const { stores, hasStore } = this.#parts;
    const { records } = stores;
    const found = await this.#ask((own) => records.find(team, keys, { signal: either(own, signal) }));
    const usable = new Map<Digest, FoundRecord>();
    for (const [key, record] of found) {
      if (record.error !== null || record.entries !== undefined) continue;
      const xcoms = record.xcoms.map((xcom) => ({ ...xcom, store: this.#storeOf(xcom) }));
      if (!xcoms.every(({ store }) => store === this.valueStore || hasStore(store))) continue;
      usable.set(key, { ...record, xcoms, scope: this.name });
    }
    return usable;
  }

  /** Values that are not in its database can be read if a store of this deployment has the same name. */
  #storeOf({ store }: Partial<Pick<ValueRef, "store">>): string {
    return store === undefined || store === null ? this.valueStore : store;
  }

  async #ask<V>(work: BackendWork<Map<Digest, V>>): Promise<Map<Digest, V>> {
    const { log, name, timeoutMs } = this.#parts;
    const outcome = await this.#breaker.call(timeoutMs, work);
    if (outcome.kind === "answered") return outcome.value;
    if (outcome.kind !== "left_alone")
      log.warn("a scope could not be read; its results are missed", { scope: name, error: outcome.message });
    return new Map();
  }
}

const PREFIX = "scope:";

/** How XComs refer to values in the database of a scope. */
export function outsideStoreName(scope: string): string {
  return PREFIX + scope;
}

function either(own: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other ? AbortSignal.any([own, other]) : own;
}
