// Metrics of what a scheduler asks its stores: each store is decorated, and knows nothing of it.

import type { Clock, RunStore } from "@memodag/core";
import type { BreakerChange, CounterStore, DecisionStore, RecordStore } from "@memodag/result-cache";
import type { Metrics } from "../metrics/metrics.ts";
import { override } from "../override.ts";

/** Counts the looks for runs, and times the writes of passes. */
export function meterRuns<T extends RunStore>(runs: T, metrics: Metrics, clock: Clock): T {
  return override<RunStore>(runs, {
    async claimRuns(request) {
      const claimed = await runs.claimRuns(request);
      metrics.add("memodag.scheduler.heartbeat", {});
      return claimed;
    },
    async writePass(pass) {
      const beganAt = clock.monotonic();
      let result = "failure";
      try {
        const outcome = await runs.writePass(pass);
        const { kind } = outcome;
        result = WRITE_RESULTS.has(kind) ? kind : "other";
        return outcome;
      } finally {
        const seconds = (clock.monotonic() - beganAt) / 1000;
        metrics.record("memodag.scheduler.write.duration", { result }, seconds);
      }
    },
  }) as T;
}

const WRITE_RESULTS: ReadonlySet<string> = new Set(["written", "limit_reached", "rejected", "lease_lost"]);

/** Times lookups of records. */
export function meterRecords<T extends Pick<RecordStore, "find">>(
  records: T,
  metrics: Metrics,
  clock: Clock,
): T {
  return override<Pick<RecordStore, "find">>(records, {
    async find(team, keys, options) {
      const beganAt = clock.monotonic();
      let result = "failure";
      try {
        const found = await records.find(team, keys, options);
        result = "answered";
        return found;
      } finally {
        const seconds = (clock.monotonic() - beganAt) / 1000;
        metrics.record("memodag.cache.lookup.duration", { result }, seconds);
      }
    },
  }) as T;
}

/** Counts what the cache did, when the counts are written: those that could not be written come again. */
export function meterCounters(counters: CounterStore, metrics: Metrics): CounterStore {
  return override(counters, {
    async add(tasks) {
      await counters.add(tasks);
      for (const { team, dagId: dag, taskId: task, counts } of tasks) {
        const of = { team, dag, task };
        const lookups = (result: string, by: number) =>
          metrics.add("memodag.cache.lookups", { ...of, result }, by);
        const puts = (result: string, by: number) => metrics.add("memodag.cache.puts", { ...of, result }, by);
        lookups("hit", counts.hits);
        lookups("miss", counts.misses);
        lookups("timeout", counts.lookupTimeouts);
        lookups("failure", counts.lookupFailures);
        puts("stored", counts.populated);
        puts("failed", counts.putFailures);
        puts("uncacheable", counts.uncacheable);
        puts("differing", counts.nondeterministic);
        metrics.add("memodag.cache.saved", of, counts.savedMs / 1000);
        metrics.add("memodag.cache.stored", of, counts.storedBytes);
      }
    },
  });
}

/** Counts explanations of misses by their reasons. */
export function meterDecisions<T extends DecisionStore>(decisions: T, metrics: Metrics): T {
  return override<DecisionStore>(decisions, {
    async keep(kept) {
      await decisions.keep(kept);
      for (const { team, dagId: dag, reason } of kept)
        metrics.add("memodag.cache.misses", { team, dag, reason });
    },
  }) as T;
}

const BREAKER_STATES = ["closed", "half_open", "open"] as const;

/** Shows the state of a cache's circuit breaker. */
export function recordBreaker(
  metrics: Metrics,
  cache: string,
  { state }: Pick<BreakerChange, "state">,
): void {
  for (const each of BREAKER_STATES)
    metrics.set("memodag.cache.breaker.state", { cache, state: each }, each === state ? 1 : 0);
}
