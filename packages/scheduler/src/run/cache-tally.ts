// Counts how the instances of one run fared with the cache: each outcome once, when it has been written.

import type { CacheStatus, DagRun, TaskInstance } from "@memodag/core";
import type { CacheCounts, MissReason, ResultCache } from "@memodag/result-cache";
import type { WrittenInstance } from "./instance-table.ts";

type Tally = { -readonly [Name in keyof CacheCounts]?: number };

const UNUSABLE: ReadonlySet<string | null> = new Set<MissReason>(["result_missing", "integrity_failed"]);

/** Counts what is new in the rows of a run that have just been written. */
export function countOutcomes(
  cache: Pick<ResultCache, "count" | "countHits">,
  { team, dagId }: DagRun,
  written: readonly WrittenInstance[],
): void {
  const tallies = new Map<string, Tally>();
  const hits: string[] = [];
  for (const { instance, cacheStatusBefore } of written) {
    const { taskId, cacheStatus, cacheKey } = instance;
    // A row is written more than once; its outcome is counted when it changes.
    if (cacheStatus === null || cacheStatus === "disabled" || cacheStatus === cacheStatusBefore) continue;
    let tally = tallies.get(taskId);
    if (!tally) tallies.set(taskId, (tally = {}));
    addOutcome(tally, cacheStatus, instance);
    if (cacheStatus === "hit" && cacheKey !== null) hits.push(cacheKey);
  }
  for (const [taskId, tally] of tallies) cache.count({ team, dagId, taskId }, tally);
  if (hits.length > 0) cache.countHits(team, hits);
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
