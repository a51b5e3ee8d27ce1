// Assembles the job caches that a config describes.

import { JOB_CACHE, systemClock, withCallTimeouts, type Logger } from "@memodag/core";
import { RunEntries, type EntryCache } from "@memodag/scheduler";
import type { LiveConfig } from "../config/live-config.ts";
import { cacheSettings } from "./live-settings.ts";
import type { Deployment } from "../stores/deployment.ts";

/** The job caches of a scheduler. */
export function openEntries(deployment: Deployment, live: LiveConfig, log: Logger): RunEntries {
  return new RunEntries({
    store: deployment.entries,
    caches: entryCaches(live),
    openStore: deployment.openByteStore,
    maxEntryBytes: () => live.config.jobCache.maxEntrySize,
    maxInlineBytes: () => live.config.jobCache.maxInlineSize,
    breaker: cacheSettings(live),
    lookupTimeoutMs: () => live.config.taskCache.lookupTimeout,
    runs: withCallTimeouts(deployment.runs, "runs", systemClock),
    clock: systemClock,
    log,
  });
}

function entryCaches({ config }: LiveConfig): EntryCache[] {
  return [{ name: JOB_CACHE, scope: "run", store: config.jobCache.store, defaultTtlMs: null }];
}
