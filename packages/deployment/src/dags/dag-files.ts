// Reads the Dag files of the config's bundles into the metadata database.

import type { LoadedConfig } from "@memodag/config";
import { MemodagError } from "@memodag/core";
import type { DagProcessor } from "@memodag/dag-processor";
import { patience, rideOut } from "@memodag/operations/runs";
import type { OperationContext } from "@memodag/operations";
import type { Deployment } from "../stores/deployment.ts";

/**
 * Refuses a config without bundles.
 * @throws MemodagError `config_invalid`.
 */
export function requireBundles({ config, file }: LoadedConfig): void {
  if (config.bundles.length > 0) return;
  throw new MemodagError(
    "config_invalid",
    `${file ?? "No config file was found, so it"} names no folder of Dag files: ` +
      `write [[bundles]], name = "dags" and path = "dags" in ${file ?? "memodag.toml"}`,
  );
}

/** The processor of this machine's state folder. */
export async function openDagProcessor({ dags, config }: Deployment): Promise<DagProcessor> {
  // It brings the bundler along, which most commands do without.
  const { DagProcessor: Processor } = await import("@memodag/dag-processor");
  return new Processor({
    store: dags,
    stateDir: config.core.stateDir,
    loadTimeoutMs: config.dagProcessor.loadTimeout,
    secretPatterns: config.core.secretPatterns,
  });
}

/** Reads what changed since it was last read; what is broken is recorded, not thrown. */
export async function refreshDags(deployment: Deployment, context: OperationContext): Promise<void> {
  const processor = await openDagProcessor(deployment);
  await rideOut(() => processor.processBundles(deployment.config.bundles), patience(context));
}

/**
 * The same on one machine, where those who ask about Dags read their files first; where several machines share a
 * database, that is the Dag processor's to do.
 */
export async function refreshOwnDags(deployment: Deployment, context: OperationContext): Promise<void> {
  const { isSingleMachine, config } = deployment;
  if (isSingleMachine && config.bundles.length > 0) await refreshDags(deployment, context);
}
