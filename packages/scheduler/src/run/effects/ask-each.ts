// Asks the caches of instances, all at once: a store that is slow or away makes its own tasks run, and no others.

import type { CacheStorage, Digest, PreviousCacheKey, SerializedDag } from "@memodag/core";
import type { LookupOutcome, PassLookup, PassLookups } from "@memodag/result-cache";
import type { KeyedInstance } from "../../cache/cache-answer.ts";

/** The outcome of the lookup of each instance. */
export type Outcomes = ReadonlyMap<KeyedInstance, LookupOutcome>;

/** Asks the cache of some instances, which have the same. `share`: the part of the pass that they are. */
type AskOne = (lookup: PassLookup, asks: readonly KeyedInstance[], share: number) => Promise<LookupOutcome>;

/** Asks each cache once. */
export async function askEach(
  lookups: PassLookups,
  asks: readonly KeyedInstance[],
  ask: AskOne,
): Promise<Outcomes> {
  const outcomes = new Map<KeyedInstance, LookupOutcome>();
  const byLookup = Map.groupBy(asks, ({ node }) => lookups.of(node.task.cache));
  await Promise.all(
    Array.from(byLookup, async ([lookup, some]) => {
      const outcome = await ask(lookup, some, 1 / byLookup.size);
      for (const instance of some) outcomes.set(instance, outcome);
    }),
  );
  return outcomes;
}

/** Keys of the Dag's last run, by the cache that is likely to be asked for them. */
export class ForeseenKeys {
  readonly #byStorage = new Map<string, Digest[]>();

  constructor({ tasks }: SerializedDag, previous: readonly PreviousCacheKey[]) {
    const storages = new Map(tasks.map(({ taskId, cache }) => [taskId, nameOf(cache)]));
    const seen = new Set<Digest>();
    for (const { taskId, key } of previous) {
      const storage = storages.get(taskId);
      if (storage === undefined || seen.has(key)) continue;
      seen.add(key);
      const keys = this.#byStorage.get(storage) ?? [];
      this.#byStorage.set(storage, keys);
      keys.push(key);
    }
  }

  /** The same list each time. */
  of(storage: CacheStorage | null): readonly Digest[] {
    return this.#byStorage.get(nameOf(storage)) ?? NONE;
  }
}

const NONE: readonly Digest[] = [];

function nameOf(storage: CacheStorage | null): string {
  return JSON.stringify([storage?.keyStorage ?? null, storage?.resultStorage ?? null]);
}
