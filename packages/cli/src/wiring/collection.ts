// Puts together what collects and verifies the cache that the config names.

import { MemodagError, systemClock, type Logger } from "@memodag/core";
import { Collector, PeriodicCollection, Verifier, type ResultStore } from "@memodag/result-cache";
import type { Metadata } from "./metadata.ts";
import { findSecretKey } from "./secret-key.ts";

/** What collects the cache, the XComs' bytes and superseded Dag versions. */
export async function openCollector(
  metadata: Metadata,
  { config }: Pick<Metadata, "config"> = metadata,
): Promise<Collector> {
  const { records, superseded, decisions } = metadata;
  return new Collector({
    records: await records.retention?.(),
    results: await Promise.all(resultStoresOf(metadata).map((store) => store.retention?.())),
    superseded,
    explanations: decisions,
    maxSizeBytes: config.taskCache.maxSize ?? null,
  });
}

/** What collects beside a scheduler, as often as the config says; `undefined`: never. */
export function openPeriodicCollection(
  metadata: Metadata,
  live: Pick<Metadata, "config">,
  log: Logger,
): PeriodicCollection | undefined {
  const everyMs = metadata.config.taskCache.gcInterval;
  if (everyMs === null) return undefined;
  return new PeriodicCollection({
    // Opened each time: a backend may have been away the last time.
    collect: async (signal) => await (await openCollector(metadata, live)).collect(signal),
    everyMs,
    clock: systemClock,
    log,
  });
}

/**
 * What verifies the cache and the XComs' bytes.
 * @throws MemodagError `config_invalid` for a backend that cannot be looked through.
 */
export async function openVerifier(metadata: Metadata): Promise<Verifier> {
  const [results, xcoms] = await Promise.all(resultStoresOf(metadata).map(openVerifiable));
  const retention = await metadata.records.retention?.();
  if (!retention || !results) throw notVerifiable(metadata);
  const sealKey = findSecretKey(metadata.config.core.stateDir);
  return new Verifier({
    records: { store: metadata.records, retention },
    results,
    ...(xcoms && { xcoms }),
    ...(sealKey && { sealKey }),
  });
}

/** The cache's first; one, when XComs share it. */
function resultStoresOf({ results, xcomResults, resultsInMetastore }: Metadata): ResultStore[] {
  return resultsInMetastore ? [results] : [results, xcomResults];
}

async function openVerifiable(store: ResultStore) {
  const retention = await store.retention?.();
  return retention && { store, retention };
}

function notVerifiable({ config }: Metadata): MemodagError {
  return new MemodagError(
    "config_invalid",
    `The cache backend "${config.core.taskCacheBackend}" cannot be looked through: its stores have no ` +
      "retention(); verify it with its own means",
  );
}
