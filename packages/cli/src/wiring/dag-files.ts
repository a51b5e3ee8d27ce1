// Reads the Dag files of the config's bundles into the metadata database.

import type { LoadedConfig } from "@memodag/config";
import { MemodagError } from "@memodag/core";
import type { DagProcessor } from "@memodag/dag-processor";
import { type Metadata, withMetadata } from "./metadata.ts";
import type { CommonOptions } from "./settings.ts";

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
export async function openDagProcessor({ dags, config }: Metadata): Promise<DagProcessor> {
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
export async function refreshDags(metadata: Metadata): Promise<void> {
  const processor = await openDagProcessor(metadata);
  await processor.processBundles(metadata.config.bundles);
}

/**
 * {@link withMetadata} with Dags up to date. On one machine, whoever asks about Dags reads their files
 * first; where several share a database, that is the Dag processor's to do.
 */
export async function withDags<T>(
  options: CommonOptions,
  work: (metadata: Metadata) => Promise<T>,
): Promise<T> {
  return await withMetadata(options, async (metadata) => {
    if (metadata.isSingleMachine && metadata.config.bundles.length > 0) {
      await refreshDags(metadata);
    }
    return await work(metadata);
  });
}
