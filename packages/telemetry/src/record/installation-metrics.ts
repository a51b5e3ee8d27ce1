// Metrics of the whole installation, which the API server alone exports: two schedulers would count them twice.

import type { Clock } from "@memodag/core";
import type { Metrics } from "../metrics/metrics.ts";

/** The state of an installation. */
export interface InstallationState {
  readonly activeRuns: readonly { readonly team: string; readonly state: string }[];
  /** When the oldest queued run was made, in milliseconds since the Unix epoch; `null`: none is queued. */
  readonly oldestQueuedAt: number | null;
  readonly pools: readonly {
    readonly pool: string;
    readonly slots: number;
    readonly used: number;
    /** Instances. */
    readonly waiting: number;
  }[];
  readonly owedCallbacks: number;
  readonly isCachingOn: boolean;
  readonly cache: readonly { readonly team: string; readonly entries: number; readonly sizeBytes: number }[];
  /** In bytes; `null`: no limit. */
  readonly maxCacheBytes: number | null;
  /** Broken Dag files by bundle; 0 for a bundle without. */
  readonly brokenFiles: ReadonlyMap<string, number>;
}

/** Milliseconds for which a state that was read is shown: however many ask, the database is asked once. */
const CURRENT_MS = 30_000;

/** Reads the state before an export, at most every 30 seconds. */
export function recordInstallation(
  metrics: Metrics,
  read: () => Promise<InstallationState>,
  clock: Clock,
): void {
  let readAt = -Infinity;
  let reading: Promise<void> | undefined;
  metrics.observe(async () => {
    if (clock.monotonic() - readAt < CURRENT_MS) return;
    reading ??= read()
      .then((state) => {
        show(metrics, state, clock.now());
        readAt = clock.monotonic();
      })
      .finally(() => (reading = undefined));
    await reading;
  });
}

function show(metrics: Metrics, state: InstallationState, now: number): void {
  metrics.clear("memodag.runs.active");
  const active = Map.groupBy(state.activeRuns, ({ team, state: of }) => JSON.stringify([team, of]));
  for (const [first, ...rest] of active.values())
    if (first) metrics.set("memodag.runs.active", { team: first.team, state: first.state }, rest.length + 1);
  const { oldestQueuedAt, maxCacheBytes } = state;
  const age = oldestQueuedAt === null ? 0 : Math.max(0, now - oldestQueuedAt) / 1000;
  metrics.set("memodag.runs.oldest_queued.age", {}, age);
  for (const name of ["memodag.pool.slots", "memodag.pool.slots.used", "memodag.pool.waiting"] as const)
    metrics.clear(name);
  for (const { pool, slots, used, waiting } of state.pools) {
    metrics.set("memodag.pool.slots", { pool }, slots);
    metrics.set("memodag.pool.slots.used", { pool }, used);
    metrics.set("memodag.pool.waiting", { pool }, waiting);
  }
  metrics.set("memodag.callbacks.owed", {}, state.owedCallbacks);
  metrics.set("memodag.cache.enabled", {}, state.isCachingOn ? 1 : 0);
  metrics.clear("memodag.cache.entries");
  metrics.clear("memodag.cache.size");
  for (const { team, entries, sizeBytes } of state.cache) {
    metrics.set("memodag.cache.entries", { team }, entries);
    metrics.set("memodag.cache.size", { team }, sizeBytes);
  }
  metrics.clear("memodag.cache.size.limit");
  if (maxCacheBytes !== null) metrics.set("memodag.cache.size.limit", {}, maxCacheBytes);
  metrics.clear("memodag.dag_file.errors");
  for (const [bundle, count] of state.brokenFiles) metrics.set("memodag.dag_file.errors", { bundle }, count);
}
