// Counts the cache outcomes of the instances of one run, each once, when it is written.

import type { CacheStatus, CacheStorage, DagRun, Digest, ReasonCode, TaskInstance } from "@memodag/core";
import type { CacheCounts, MissReason, ResultCaches } from "@memodag/result-cache";

type Tally = { -readonly [Name in keyof CacheCounts]?: number };

const UNUSABLE: ReadonlySet<ReasonCode> = new Set<MissReason>([
  "result_missing",
  "integrity_failed",
  "signer_unknown",
  "signature_invalid",
]);

/** Outcomes of storing a staged result. */
const AFTER_STAGING: ReadonlySet<CacheStatus> = new Set<CacheStatus>([
  "populated",
  "put_failure",
  "uncacheable",
]);

/** Counts the outcomes of one written pass by task. */
export class CacheTally {
  readonly #tallies = new Map<string, Tally>();
  /** Keys by task. */
  readonly #hits = new Map<string, Digest[]>();

  /** Adds a written row: its outcome counts if it differs from the previous one. */
  add(instance: TaskInstance, before: CacheStatus | null): void {
    const { taskId, cacheStatus, cacheKey } = instance;
    if (cacheStatus === null || cacheStatus === "disabled" || cacheStatus === before) return;
    // Its lookup was counted before it was staged.
    if (before === "staged" && !AFTER_STAGING.has(cacheStatus)) return;
    let tally = this.#tallies.get(taskId);
    if (!tally) this.#tallies.set(taskId, (tally = {}));
    addOutcome(tally, cacheStatus, instance);
    // The record of a transaction is hit once, which its lookup counts.
    const isPart = instance.cacheReason?.code === "of_transaction";
    if (cacheStatus !== "hit" || cacheKey === null || isPart) return;
    const keys = this.#hits.get(taskId) ?? [];
    this.#hits.set(taskId, keys);
    keys.push(cacheKey);
  }

  /**
   * Reports the counts to the caches.
   * @param storages by task
   */
  report(
    caches: Pick<ResultCaches, "common" | "of">,
    { team, dagId }: DagRun,
    storages: ReadonlyMap<string, CacheStorage | null>,
  ): void {
    for (const [taskId, tally] of this.#tallies) caches.common.count({ team, dagId, taskId }, tally);
    for (const [taskId, keys] of this.#hits)
      caches.of(team, storages.get(taskId) ?? null).countHits(team, keys);
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
      if (cacheReason && UNUSABLE.has(cacheReason.code)) add("unusable");
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
    case "staged":
    case "rolled_back":
      return;
  }
}
