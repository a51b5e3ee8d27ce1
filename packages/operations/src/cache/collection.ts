// Assembles the collector and the verifier of the cache.

import { MemodagError } from "@memodag/core";
import {
  Collector,
  ShownResults,
  Verifier,
  type ResultRetention,
  type ResultStore,
} from "@memodag/result-cache";
import type { OperationContext, OperationSettings, Stores } from "../context.ts";
import { EntryRetention } from "./entry-retention.ts";

/** Creates the collector of the cache, of XComs' bytes and of superseded Dag versions. */
export async function openCollector(
  stores: Stores,
  {
    maxCacheBytes,
    keepEntriesMs,
    entryLimits,
  }: Pick<OperationSettings, "maxCacheBytes" | "keepEntriesMs" | "entryLimits">,
): Promise<Collector> {
  const { records, superseded, decisions, entries, openByteStore } = stores;
  return new Collector({
    records: await records.retention?.(),
    results: await Promise.all(resultStoresOf(stores).map(async (store) => await retentionOf(stores, store))),
    superseded,
    explanations: decisions,
    entries: new EntryRetention({ entries, openByteStore, keepMs: keepEntriesMs(), limits: entryLimits }),
    maxSizeBytes: maxCacheBytes(),
  });
}

/**
 * Creates the verifier of the cache and of XComs' bytes.
 * @throws MemodagError `config_invalid` for a backend that cannot be enumerated.
 */
export async function openVerifier({ stores, settings }: OperationContext): Promise<Verifier> {
  const [results, xcoms] = await Promise.all(
    resultStoresOf(stores).map(async (store) => await openVerifiable(stores, store)),
  );
  const retention = await stores.records.retention?.();
  if (!retention || !results) throw notVerifiable(settings);
  const sealKey = settings.findSealKey();
  return new Verifier({
    records: { store: stores.records, retention },
    results,
    ...(xcoms && { xcoms }),
    ...(sealKey && { sealKey }),
  });
}

/** The cache's store first; only one when XComs share it. */
function resultStoresOf({ results, xcomResults, valueStore }: Stores): ResultStore[] {
  return valueStore === null ? [results] : [results, xcomResults];
}

/** A separate store does not know which of its bytes XComs refer to; the metadata database does. */
async function retentionOf(
  { results, runs, entries, valueStore }: Stores,
  store: ResultStore,
): Promise<ResultRetention | undefined> {
  const retention = await store.retention?.();
  if (!retention || store !== results || typeof valueStore !== "string") return retention;
  // The store may hold entries of job caches as well, which are collected by their own rules.
  return new ShownResults(retention, async (team, digests) => {
    const shown = await runs.findShownDigests(team, valueStore, digests);
    return new Set([...shown, ...(await entries.findNames(team, digests))]);
  });
}

async function openVerifiable(stores: Stores, store: ResultStore) {
  const retention = await retentionOf(stores, store);
  return retention && { store, retention };
}

function notVerifiable({ cacheBackend }: OperationSettings): MemodagError {
  return new MemodagError(
    "config_invalid",
    `The cache backend "${cacheBackend}" cannot be enumerated: its stores have no ` +
      "retention(); verify it with the backend's own tools",
  );
}
