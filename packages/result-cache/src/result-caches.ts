// The caches of a scheduler: that of the deployment, and those of the stores that tasks name.

import type { CacheStorage } from "@memodag/core";
import type { PassLookup } from "./pass-lookup.ts";
import type { ResultCache } from "./result-cache.ts";

/** Finds the caches of stores that tasks name. */
export interface NamedCaches {
  /**
   * The cache of these stores; the same one each time. Where a store is unknown, or not the team's, every call of it
   * fails with the reason.
   */
  find(team: string, storage: CacheStorage): TaskCache;
}

/** A cache as a run uses it for its tasks. */
export type TaskCache = Pick<
  ResultCache,
  "openPass" | "placesValues" | "place" | "store" | "storeAll" | "forget" | "countHits" | "flush"
>;

/** A cache for each pair of stores. */
export class ResultCaches {
  readonly #common: ResultCache;
  readonly #named: NamedCaches | undefined;
  readonly #used = new Set<TaskCache>();

  /** @param named absent: tasks use the deployment's stores, whatever they name */
  constructor(common: ResultCache, named?: NamedCaches) {
    this.#common = common;
    this.#named = named;
    this.#used.add(common);
  }

  /** The cache of the deployment, which also counts what happens to tasks. */
  get common(): ResultCache {
    return this.#common;
  }

  /** The cache of a task. */
  of(team: string, storage: CacheStorage | null): TaskCache {
    if (!this.#named || !namesStores(storage)) return this.#common;
    const cache = this.#named.find(team, storage);
    this.#used.add(cache);
    return cache;
  }

  /** Opens the lookups of one scheduling pass. */
  openPass(team: string): PassLookups {
    return new PassLookups((storage) => this.of(team, storage), team);
  }

  /** Writes what has been counted; for the end of a process. Never rejects. */
  async flush(): Promise<void> {
    await Promise.all(Array.from(this.#used, (cache) => cache.flush()));
  }
}

/** The lookups of one scheduling pass: each cache has a deadline of its own, and they may be asked at once. */
export class PassLookups {
  readonly #cacheOf: (storage: CacheStorage | null) => TaskCache;
  readonly #team: string;
  readonly #lookups = new Map<TaskCache, PassLookup>();

  constructor(cacheOf: (storage: CacheStorage | null) => TaskCache, team: string) {
    this.#cacheOf = cacheOf;
    this.#team = team;
  }

  /** Calls to backends so far that were waited for. */
  get roundTrips(): number {
    return [...this.#lookups.values()].reduce((sum, lookup) => sum + lookup.roundTrips, 0);
  }

  /** The lookups of tasks with this storage. */
  of(storage: CacheStorage | null): PassLookup {
    const cache = this.#cacheOf(storage);
    const known = this.#lookups.get(cache) ?? cache.openPass(this.#team);
    this.#lookups.set(cache, known);
    return known;
  }
}

/** True if a task names a store. */
export function namesStores(storage: CacheStorage | null): storage is CacheStorage {
  return storage?.keyStorage !== undefined || storage?.resultStorage !== undefined;
}
