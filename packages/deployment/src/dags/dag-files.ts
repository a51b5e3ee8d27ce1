// Reads the Dag files of the config's bundles into the metadata database.

import type { LoadedConfig } from "@memodag/config";
import { MemodagError } from "@memodag/core";
import type { DagProcessor } from "@memodag/dag-processor";
import { patience, rideOut } from "@memodag/operations/ride-out";
import type { OperationContext } from "@memodag/operations";
import type { Deployment } from "../stores/deployment.ts";
import { listNameableStores, storageFaultOfDag } from "../stores/store-roles.ts";

/**
 * Rejects a config without bundles.
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

/**
 * Creates the processor of a config.
 * @param stateDir default: that of the config
 */
export async function openDagProcessor(
  { dags, loaded }: Pick<Deployment, "dags" | "loaded">,
  stateDir: string = loaded.config.core.stateDir,
): Promise<DagProcessor> {
  // Loads the bundler, which most commands do not need.
  const { DagProcessor: Processor } = await import("@memodag/dag-processor");
  const { core, dagProcessor } = loaded.config;
  const stores = await listNameableStores(loaded);
  return new Processor({
    store: dags,
    stateDir,
    loadTimeoutMs: dagProcessor.loadTimeout,
    secretPatterns: core.secretPatterns,
    findFault: (team, dag) => storageFaultOfDag(stores, team, dag),
  });
}

/** Reads what has changed; errors in Dag files are recorded, not thrown. */
export async function refreshDags(deployment: Deployment, context: OperationContext): Promise<void> {
  const processor = await openDagProcessor(deployment);
  await rideOut(() => processor.processBundles(deployment.config.bundles), patience(context));
}

/**
 * The same for a single machine, where commands read the Dag files themselves; where several machines share a
 * database, the Dag processor does it.
 */
export async function refreshOwnDags(deployment: Deployment, context: OperationContext): Promise<void> {
  const { isSingleMachine, config } = deployment;
  if (isSingleMachine && config.bundles.length > 0) await refreshDags(deployment, context);
}
