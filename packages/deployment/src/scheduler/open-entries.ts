// Assembles the job caches that a config describes.

import { JOB_CACHE, systemClock, withCallTimeouts, type Logger } from "@memodag/core";
import { RunEntries, type FindEntryCache } from "@memodag/scheduler";
import type { LiveConfig } from "../config/live-config.ts";
import { cacheSettings } from "./live-settings.ts";
import type { Deployment } from "../stores/deployment.ts";
import { findNamedCache } from "../stores/named-caches.ts";

/** The job caches of a scheduler. `readsOnly`: that an entry is read is not recorded. */
export function openEntries(
  deployment: Deployment,
  live: LiveConfig,
  log: Logger,
  { readsOnly = false }: { readonly readsOnly?: boolean } = {},
): RunEntries {
  return new RunEntries({
    readsOnly,
    store: deployment.entries,
    findCache: findEntryCache(live),
    openStore: deployment.openByteStore,
    maxInlineBytes: () => live.config.jobCache.maxInlineSize,
    breaker: cacheSettings(live),
    lookupTimeoutMs: () => live.config.taskCache.lookupTimeout,
    runs: withCallTimeouts(deployment.runs, "runs", systemClock),
    clock: systemClock,
    log,
  });
}

/** The largest entry that a cache of a config may have, in bytes. */
export function largestEntryBytes({ config }: LiveConfig): number {
  const sizes = config.caches.flatMap((cache) => (cache.kind === "entries" ? [cache.maxEntrySize] : []));
  return Math.max(config.jobCache.maxEntrySize, ...sizes);
}

function findEntryCache({ config: { caches, jobCache } }: LiveConfig): FindEntryCache {
  const ofRun = {
    name: JOB_CACHE,
    scope: "run",
    store: jobCache.store,
    defaultTtlMs: null,
    maxEntryBytes: jobCache.maxEntrySize,
    isLimited: false,
  } as const;
  return (team, name) => {
    if (name === JOB_CACHE) return ofRun;
    const found = findNamedCache(caches, team, name);
    if (found?.kind !== "entries") return found?.kind;
    const { enabled, scope, store, defaultTtl: defaultTtlMs, maxEntrySize: maxEntryBytes, maxSize } = found;
    const isLimited = maxSize !== undefined;
    // Without sharing, as what is not saved could not be loaded by the reference either.
    return { name, scope: enabled ? scope : "run", store, defaultTtlMs, maxEntryBytes, isLimited };
  };
}
