// Collects the cache periodically in a scheduler's process.

import { systemClock, type Logger } from "@memodag/core";
import { openCollector } from "@memodag/operations/cache";
import { PeriodicCollection } from "@memodag/result-cache";
import type { LiveConfig } from "../config/live-config.ts";
import type { Deployment } from "../stores/deployment.ts";
import { entryLimits } from "../stores/named-caches.ts";

/** Collects at the interval of the config; `undefined`: never. */
export function openPeriodicCollection(
  deployment: Deployment,
  live: LiveConfig,
  log: Logger,
): PeriodicCollection | undefined {
  const everyMs = deployment.config.taskCache.gcInterval;
  if (everyMs === null) return undefined;
  const maxCacheBytes = (): number | null => live.config.taskCache.maxSize ?? null;
  const keepEntriesMs = (): number | null => live.config.jobCache.keep;
  const limits = { maxCacheBytes, keepEntriesMs, entryLimits: entryLimits(deployment.config.caches) };
  return new PeriodicCollection({
    // Opened each time: a backend may have been unreachable the last time.
    collect: async (signal) => await (await openCollector(deployment, limits)).collect(signal),
    everyMs,
    clock: systemClock,
    log,
  });
}
