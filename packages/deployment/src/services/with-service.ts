// Opens what all services share: the deployment, its live config, and the log.

import type { Logger, ServiceKind } from "@memodag/core";
import { LiveConfig } from "../config/live-config.ts";
import { loadSettings } from "../config/settings.ts";
import { serviceLogger } from "../logging/log-lines.ts";
import { withDeployment, type Deployment } from "../stores/deployment.ts";
import { openTelemetry, type ProcessTelemetry } from "../telemetry/open-telemetry.ts";
import { beatProcess } from "./beat-process.ts";
import type { ServiceOptions } from "./service-options.ts";

/** A running service. */
export interface StartedService {
  readonly deployment: Deployment;
  readonly live: LiveConfig;
  readonly log: Logger;
  /** Undefined: everything of it is off. */
  readonly telemetry: ProcessTelemetry | undefined;
  /** Resolves when the service has to stop. */
  readonly stopped: Promise<void>;
}

/**
 * Opens the deployment for a service, notes that the service runs, and closes it when the service has stopped.
 * @param name what telemetry calls the service
 */
export async function withService(
  name: ServiceKind | "dev",
  { config, json = false, version, signal }: ServiceOptions,
  work: (service: StartedService) => Promise<void>,
): Promise<void> {
  const loaded = await loadSettings(config === undefined ? {} : { config });
  const live = new LiveConfig(loaded);
  const plainLog = await serviceLogger(json, () => live.config.core.logLevel);
  await withDeployment({ loaded, log: plainLog }, async (deployment) => {
    const telemetry = await openTelemetry(name, loaded, plainLog);
    // Ids would only lengthen lines for people.
    const log = (json && telemetry?.correlate(plainLog)) || plainLog;
    const kind = name === "dev" ? "scheduler" : name;
    const slots = () => (kind === "scheduler" ? live.config.core.parallelism : null);
    const end = beatProcess(deployment.processes, { kind, version, slots, log });
    try {
      await work({ deployment, live, log, telemetry, stopped: whenAborted(signal) });
    } finally {
      await end();
      await telemetry?.close();
    }
  });
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
