// The settings of a scheduler's parts, read anew at each use where the config may change meanwhile.

import type { CacheLeasesOptions, ResultCacheOptions } from "@memodag/result-cache";
import { DEFAULT_POOLS, type SchedulerOptions } from "@memodag/scheduler";
import type { LiveConfig } from "./live-config.ts";

/** What a result cache is told. */
export function cacheSettings(live: LiveConfig): ResultCacheOptions {
  const { breakerThreshold, breakerRest } = live.config.taskCache;
  return {
    get lookupTimeoutMs() {
      return live.config.taskCache.lookupTimeout;
    },
    get storeTimeoutMs() {
      return live.config.taskCache.storeTimeout;
    },
    get maxResultSize() {
      return live.config.taskCache.maxResultSize;
    },
    breakerThreshold,
    breakerRestMs: breakerRest,
  };
}

/** What the leases of keys are told. */
export function keyLeaseSettings(live: LiveConfig): CacheLeasesOptions {
  const { scheduler, taskCache } = live.config;
  return {
    leaseMs: scheduler.lease,
    get timeoutMs() {
      return live.config.taskCache.lookupTimeout;
    },
    breakerThreshold: taskCache.breakerThreshold,
    breakerRestMs: taskCache.breakerRest,
  };
}

/** What a scheduler is told by the config. */
export function schedulerSettings(live: LiveConfig): Omit<SchedulerOptions, "resultsInMetastore" | "dag"> {
  const { scheduler, pools } = live.config;
  return {
    leaseMs: scheduler.lease,
    get pollMs() {
      return live.config.scheduler.pollInterval;
    },
    get maxRuns() {
      return live.config.scheduler.maxRuns;
    },
    poolSlots: new Map([...DEFAULT_POOLS, ...pools.map(({ name, slots }) => [name, slots] as const)]),
    get callbackTimeoutMs() {
      return live.config.scheduler.callbackTimeout;
    },
    get defaultTtlMs() {
      return live.config.taskCache.defaultTtl;
    },
    get maxInputSize() {
      return live.config.taskCache.maxInputSize;
    },
  };
}
