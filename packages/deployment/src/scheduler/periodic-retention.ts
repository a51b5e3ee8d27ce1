// Removes old runs and files periodically in a scheduler's process.

import { randomUUID } from "node:crypto";
import { systemClock, type Logger } from "@memodag/core";
import {
  giveBackSpace,
  Leadership,
  LocalFiles,
  openRetention,
  type Removed,
} from "@memodag/operations/retention";
import { PeriodicWork } from "@memodag/result-cache";
import type { LiveConfig } from "../config/live-config.ts";
import { retentionLimits } from "../config/retention-limits.ts";
import { operationContext, type Deployment } from "../stores/deployment.ts";

/**
 * Removes what is over a limit of `[retention]`, at the interval of collections; `undefined`: never. One scheduler at a
 * time does so in the database; each does on its own machine.
 */
export function openPeriodicRetention(
  deployment: Deployment,
  live: LiveConfig,
  log: Logger,
): PeriodicWork | undefined {
  const everyMs = deployment.config.taskCache.gcInterval;
  if (everyMs === null) return undefined;
  const context = operationContext(deployment, { clock: systemClock, log });
  const settings = { ...context.settings, retention: () => retentionLimits(live.config) };
  const leadership = new Leadership({
    leases: deployment.leases,
    holder: randomUUID(),
    clock: systemClock,
    log,
  });
  const files = new LocalFiles({ ...context, settings });
  return new PeriodicWork({
    work: async (signal) => {
      await leadership.lead(signal, async (whileLeading) => {
        const retention = openRetention({ ...context, settings }, "scheduler");
        tell(await retention.clean(whileLeading), log);
        await giveBackSpace(deployment, "scheduler", whileLeading);
      });
      tell(await files.clean(signal), log);
    },
    purpose: "remove old runs",
    everyMs,
    clock: systemClock,
    log,
  });
}

function tell(removed: Removed, log: Logger): void {
  const counts = Object.entries(removed).filter(([, count]) => count > 0);
  if (counts.length > 0) log.info("removed what [retention] does not keep", Object.fromEntries(counts));
}
