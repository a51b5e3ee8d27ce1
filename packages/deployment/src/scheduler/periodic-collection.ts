// Collects the cache periodically in a scheduler's process.

import { systemClock, type Logger } from "@memodag/core";
import { openCollector } from "@memodag/operations/cache";
import { PeriodicWork, type Collection } from "@memodag/result-cache";
import { retentionLimits } from "../config/retention-limits.ts";
import type { LiveConfig } from "../config/live-config.ts";
import type { Deployment } from "../stores/deployment.ts";
import { entryLimits } from "../stores/named-caches.ts";

/** Collects at the interval of the config; `undefined`: never. */
export function openPeriodicCollection(
  deployment: Deployment,
  live: LiveConfig,
  log: Logger,
  onCollected: (collection: Collection) => void,
): PeriodicWork | undefined {
  const everyMs = deployment.config.taskCache.gcInterval;
  if (everyMs === null) return undefined;
  const settings = {
    maxCacheBytes: () => live.config.taskCache.maxSize ?? null,
    keepEntriesMs: () => live.config.jobCache.keep,
    entryLimits: entryLimits(deployment.config.caches),
    retention: () => retentionLimits(live.config),
  };
  return new PeriodicWork({
    work: async (signal) => {
      // Opened each time: a backend may have been unreachable the last time.
      const collector = await openCollector(deployment, settings);
      const collection = await collector.collect(signal);
      tell(collection, log);
      onCollected(collection);
    },
    purpose: "collect",
    everyMs,
    clock: systemClock,
    log,
  });
}

function tell({ expired, evicted, bytes, superseded }: Collection, log: Logger): void {
  if (expired.count + evicted.count + bytes.count + superseded.count === 0) return;
  log.info("collected what the cache has no use for", {
    expired: expired.count,
    evicted: evicted.count,
    results: bytes.count,
    resultBytes: bytes.sizeBytes,
    superseded: superseded.count,
  });
}
