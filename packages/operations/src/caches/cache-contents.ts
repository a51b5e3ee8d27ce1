// Tells what is in one named cache, and how often values of it were used.

import type { EntryScope } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { getNamedCache, openSharedValues, type CacheName } from "./get-named-cache.ts";

/** Keys that are listed, at most. */
const SHOWN_KEYS = 100;

/** The contents of a job cache. */
export interface EntryCacheStats {
  readonly name: string;
  readonly team: string;
  readonly kind: "entries";
  readonly scope: EntryScope;
  readonly store: string;
  readonly enabled: boolean;
  /** Number of entries, of all runs and Dags. */
  readonly size: number;
  readonly sizeBytes: number;
  readonly maxSizeBytes: number | null;
}

/** The contents of a value cache, and counts of all processes that use it. */
export interface ValueCacheReport {
  readonly name: string;
  readonly team: string;
  readonly kind: "values";
  readonly store: string;
  readonly enabled: boolean;
  readonly hits: number;
  readonly misses: number;
  /** Hits of hits and misses; 0 before the first. */
  readonly hitRate: number;
  readonly waits: number;
  /** Expired values that were given out within their grace. */
  readonly stale: number;
  /** Remembered errors that were thrown again. */
  readonly errors: number;
  readonly lostLeases: number;
  /** Number of values. */
  readonly size: number;
  /** The first of their keys, in order. */
  readonly keys: readonly string[];
}

/**
 * Tells what is in a cache.
 * @throws MemodagError `cache_not_configured`, `usage`, `cache_backend_failed`
 */
export async function namedCacheStats(
  { stores }: OperationContext,
  input: CacheName,
): Promise<EntryCacheStats | ValueCacheReport> {
  const cache = getNamedCache(stores, input);
  const { name, team, isEnabled: enabled } = cache;
  if (cache.kind === "entries") {
    const { scope, store, maxSizeBytes } = cache;
    const { entries: size, sizeBytes } = await stores.entries.sumCache(team, name);
    return { name, team, kind: cache.kind, scope, store, enabled, size, sizeBytes, maxSizeBytes };
  }
  const values = await openSharedValues(stores, cache);
  const place = { team, cache: name };
  const counts = await values.readCounts(place);
  const asked = counts.hits + counts.misses;
  return {
    name,
    team,
    kind: cache.kind,
    store: cache.adapter,
    enabled,
    ...counts,
    hitRate: asked === 0 ? 0 : counts.hits / asked,
    size: await values.size(place),
    keys: await values.listKeys(place, SHOWN_KEYS),
  };
}
