// The caches of stores that tasks name, each made when it is first used.

import type { CacheStorage } from "@memodag/core";
import {
  RefusedCache,
  SharedRecords,
  type CacheRecords,
  type NamedCaches,
  type RecordStore,
  type ResultCache,
  type ResultStore,
  type TaskCache,
} from "@memodag/result-cache";
import type { NamedStores } from "../stores/named-stores.ts";
import { storageFault, type NameableStore } from "../stores/store-roles.ts";

/** The stores of a cache, and what it is called in the log. */
export interface CachePlace {
  readonly name: string;
  readonly records: CacheRecords;
  readonly results: ResultStore;
  /** See `ResultCacheParts`. */
  readonly valueStore: string | null | undefined;
  readonly keepsEntries: boolean;
}

/** The parts of {@link ConfiguredCaches}. */
export interface ConfiguredCachesParts {
  /** The stores of the deployment, for what a task does not name, and how the config names them. */
  readonly common: Omit<CachePlace, "records"> & {
    readonly records: RecordStore;
    readonly recordsName: string;
  };
  readonly named: Pick<NamedStores, "records" | "results">;
  readonly stores: readonly NameableStore[];
  readonly open: (place: CachePlace) => ResultCache;
}

/** One cache for each pair of stores. */
export class ConfiguredCaches implements NamedCaches {
  /** The cache of the deployment. */
  readonly common: ResultCache;
  readonly #parts: ConfiguredCachesParts;
  readonly #caches = new Map<string, TaskCache>();
  /** By the name of the store. */
  readonly #shared = new Map<string, SharedRecords>();

  constructor(parts: ConfiguredCachesParts) {
    this.#parts = parts;
    this.common = parts.open({ ...parts.common, records: this.#recordsOf(undefined) });
  }

  find(team: string, storage: CacheStorage): TaskCache {
    const fault = storageFault(this.#parts.stores, team, storage);
    const id = JSON.stringify(fault ?? [storage.keyStorage ?? null, storage.resultStorage ?? null]);
    const cache =
      this.#caches.get(id) ??
      (fault === undefined ? this.#parts.open(this.#placeOf(storage)) : new RefusedCache(`cache.${fault}`));
    this.#caches.set(id, cache);
    return cache;
  }

  #placeOf({ keyStorage, resultStorage }: CacheStorage): CachePlace {
    const { common, named, stores } = this.#parts;
    const records = stores.find(({ name }) => name === keyStorage);
    const results = stores.find(({ name }) => name === resultStorage);
    const names = [keyStorage, resultStorage].flatMap((name) => (name === undefined ? [] : `"${name}"`));
    return {
      name: `the cache in ${[...new Set(names)].join(" and ")}`,
      records: this.#recordsOf(keyStorage),
      keepsEntries: records ? records.keepsEntries : common.keepsEntries,
      results: results ? named.results(results.name) : common.results,
      valueStore: results ? (results.keepsValues ? results.name : undefined) : common.valueStore,
    };
  }

  #recordsOf(name: string | undefined): CacheRecords {
    const { common, named } = this.#parts;
    const { recordsName } = common;
    const known =
      this.#shared.get(name ?? recordsName) ??
      new SharedRecords(name === undefined ? common.records : named.records(name));
    this.#shared.set(name ?? recordsName, known);
    return known.share();
  }
}
