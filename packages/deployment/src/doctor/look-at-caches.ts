// Checks whether each value cache of the config can be written to, read and cleaned up, and each job cache has a store.

import { randomUUID } from "node:crypto";
import type { CacheConfig, LoadedConfig } from "@memodag/config";
import { DEFAULT_TEAM, MemodagError } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import { ConfiguredValueCaches } from "../stores/value-caches.ts";
import type { Finding } from "./finding.ts";
import { lookWithin } from "./look-within.ts";

/** How long a probe would stay if this process was killed, in milliseconds. */
const PROBE_MS = 60_000;

/** Stores, finds and deletes a value in every value cache. The stores of job caches have checks of their own. */
export async function lookAtNamedCaches(
  { config, projectDir }: LoadedConfig,
  { valueCaches: metadata }: Pick<Metastore, "valueCaches">,
): Promise<Finding[]> {
  const { caches, taskCache } = config;
  const opened = new ConfiguredValueCaches({ caches, metadata, projectDir });
  const look = async (cache: CacheConfig): Promise<Finding> => {
    const name = cache.team === undefined ? cache.name : `${cache.name} of team ${cache.team}`;
    const isEnabled = cache.enabled ? "" : ", and is disabled";
    if (cache.kind === "entries")
      return {
        check: "named cache",
        status: "ok",
        message: `${name} keeps entries in the store ${cache.store}${isEnabled}`,
      };
    return await lookWithin("named cache", name, taskCache.storeTimeout, async () => {
      await probe(opened, cache.team ?? DEFAULT_TEAM, cache.name);
      return `stores, finds and deletes values (${cache.adapter})${isEnabled}`;
    });
  };
  try {
    return await Promise.all(caches.map(look));
  } finally {
    await opened.close();
  }
}

async function probe(caches: ConfiguredValueCaches, team: string, cache: string): Promise<void> {
  const adapter = await caches.open(team, cache);
  const place = { team, cache };
  const key = `probe of doctor/${randomUUID()}`;
  const value = { kind: "json", text: JSON.stringify(key) } as const;
  await adapter.put(place, key, { value, ttlMs: PROBE_MS, keepMs: PROBE_MS }, null);
  try {
    const found = (await adapter.find(place, [key])).get(key)?.value;
    if (found?.kind !== "json" || found.text !== value.text)
      throw lost("does not return a value that was just stored");
  } finally {
    await adapter.delete(place, key);
  }
  if ((await adapter.find(place, [key])).size > 0) throw lost("still has a value that was deleted");
}

function lost(what: string): MemodagError {
  return new MemodagError(
    "cache_backend_failed",
    `it ${what}: check that its server is no replica that answers late`,
  );
}
