// Counts how the instances of one run fared with the cache: each outcome once, when it has been written.

import type { CacheStatus, DagRun, TaskInstance } from "@memodag/core";
import type { CacheCounts, MissReason, ResultCache } from "@memodag/result-cache";

type Tally = { -readonly [Name in keyof CacheCounts]?: number };

const UNUSABLE: ReadonlySet<string | null> = new Set<MissReason>(["result_missing", "integrity_failed"]);

/** Remembers what it has counted, as a row is written more than once. */
export class CacheTally {
  readonly #cache: Pick<ResultCache, "count" | "countHits">;
  readonly #counted = new Map<string, CacheStatus | null>();

  constructor(cache: Pick<ResultCache, "count" | "countHits">) {
    this.#cache = cache;
  }

  /** Takes a row that an earlier holder of the run has written, and counted. */
  load(instance: TaskInstance): void {
    this.#counted.set(nameOf(instance), instance.cacheStatus);
  }

  /** Counts what is new in rows that have just been written. */
  count({ team, dagId }: DagRun, instances: readonly TaskInstance[]): void {
    const tallies = new Map<string, Tally>();
    const hits: string[] = [];
    for (const instance of instances) {
      const { taskId, cacheStatus, cacheKey } = instance;
      if (cacheStatus === null || cacheStatus === "disabled" || !this.#isNew(instance)) continue;
      const tally = tallies.get(taskId) ?? {};
      tallies.set(taskId, tally);
      addOutcome(tally, cacheStatus, instance);
      if (cacheStatus === "hit" && cacheKey !== null) hits.push(cacheKey);
    }
    for (const [taskId, tally] of tallies) this.#cache.count({ team, dagId, taskId }, tally);
    if (hits.length > 0) this.#cache.countHits(team, hits);
  }

  #isNew(instance: TaskInstance): boolean {
    const name = nameOf(instance);
    if (this.#counted.get(name) === instance.cacheStatus) return false;
    this.#counted.set(name, instance.cacheStatus);
    return true;
  }
}

function addOutcome(tally: Tally, status: CacheStatus, { savedMs, cacheReason }: TaskInstance): void {
  const add = (name: keyof CacheCounts, count = 1) => {
    tally[name] = (tally[name] ?? 0) + count;
  };
  switch (status) {
    case "hit":
      add("hits");
      return add("savedMs", savedMs ?? 0);
    case "miss":
      if (UNUSABLE.has(cacheReason)) add("unusable");
      return add("misses");
    case "populated":
      return add("populated");
    case "skipped":
      return add("refreshes");
    case "uncacheable":
      return add("uncacheable");
    case "lookup_timeout":
      return add("lookupTimeouts");
    case "lookup_failure":
      return add("lookupFailures");
    case "put_failure":
      return add("putFailures");
    case "disabled":
      return;
  }
}

function nameOf({ taskId, mapIndex }: TaskInstance): string {
  return `${mapIndex}:${taskId}`;
}
