// Opens what all services share: the deployment, its live config, and the log.

import type { Logger } from "@memodag/core";
import { LiveConfig } from "../config/live-config.ts";
import { loadSettings } from "../config/settings.ts";
import { serviceLogger } from "../logging/log-lines.ts";
import { withDeployment, type Deployment } from "../stores/deployment.ts";
import type { ServiceOptions } from "./service-options.ts";

/** A running service. */
export interface StartedService {
  readonly deployment: Deployment;
  readonly live: LiveConfig;
  readonly log: Logger;
  /** Resolves when the service has to stop. */
  readonly stopped: Promise<void>;
}

/** Opens the deployment for a service, and closes it when the service has stopped. */
export async function withService(
  { config, json = false, signal }: ServiceOptions,
  work: (service: StartedService) => Promise<void>,
): Promise<void> {
  const loaded = await loadSettings(config === undefined ? {} : { config });
  const live = new LiveConfig(loaded);
  const log = await serviceLogger(json, () => live.config.core.logLevel);
  await withDeployment({ loaded, log }, async (deployment) => {
    await work({ deployment, live, log, stopped: whenAborted(signal) });
  });
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
