// Settings of a scheduler's parts. Keys that the config marks as live are functions that read the current
// value.

import type { CacheLeasesOptions, ResultCacheOptions } from "@memodag/result-cache";
import type { SchedulerOptions } from "@memodag/scheduler";
import { poolSlots } from "../config/pool-slots.ts";
import type { LiveConfig } from "../config/live-config.ts";

/** Settings of a result cache. */
export function cacheSettings(live: LiveConfig): ResultCacheOptions {
  const { breakerThreshold, breakerRest } = live.config.taskCache;
  return {
    lookupTimeoutMs: () => live.config.taskCache.lookupTimeout,
    storeTimeoutMs: () => live.config.taskCache.storeTimeout,
    maxResultSize: () => live.config.taskCache.maxResultSize,
    breakerThreshold,
    breakerRestMs: breakerRest,
  };
}

/** Settings of key leases. */
export function keyLeaseSettings(live: LiveConfig): CacheLeasesOptions {
  const { scheduler, taskCache } = live.config;
  return {
    leaseMs: scheduler.lease,
    timeoutMs: () => live.config.taskCache.lookupTimeout,
    breakerThreshold: taskCache.breakerThreshold,
    breakerRestMs: taskCache.breakerRest,
  };
}

/** Settings of a scheduler. */
export function schedulerSettings(live: LiveConfig): Omit<SchedulerOptions, "dag"> {
  const { scheduler } = live.config;
  return {
    leaseMs: scheduler.lease,
    pollMs: () => live.config.scheduler.pollInterval,
    maxRuns: () => live.config.scheduler.maxRuns,
    poolSlots: poolSlots(live.config),
    callbackTimeoutMs: () => live.config.scheduler.callbackTimeout,
    defaultTtlMs: () => live.config.taskCache.defaultTtl,
    maxInputSize: () => live.config.taskCache.maxInputSize,
    maxProjectedSize: () => live.config.taskCache.maxProjectedSize,
    recheckShare: () => live.config.taskCache.recheck,
    keyTimeoutMs: () => live.config.taskCache.keyTimeout,
  };
}
