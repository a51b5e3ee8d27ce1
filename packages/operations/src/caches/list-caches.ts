// Lists the caches that the config names, with how much is in them.

import { messageOf, type EntryScope } from "@memodag/core";
import type { OperationContext, Stores } from "../context.ts";
import { openSharedValues } from "./get-named-cache.ts";
import type { NamedCache } from "../named-caches.ts";

/** A cache of a team. */
export interface CacheReport {
  readonly name: string;
  readonly team: string;
  readonly kind: "entries" | "values";
  /** `null` for values, which all runs of a team share. */
  readonly scope: EntryScope | null;
  /** The byte store of entries, or the adapter of values. */
  readonly store: string;
  readonly enabled: boolean;
  /** Number of entries or values; `null` if it cannot be told. */
  readonly size: number | null;
  /** Of entries; `null` for values. */
  readonly sizeBytes: number | null;
  /** Why the size cannot be told; `null` if it can. */
  readonly problem: string | null;
}

/** Lists the caches of a team, or of all teams. */
export async function listCaches(
  { stores }: OperationContext,
  { team }: { readonly team?: string | undefined },
): Promise<CacheReport[]> {
  return await Promise.all(stores.namedCaches.list(team).map((cache) => reportCache(stores, cache)));
}

async function reportCache(stores: Stores, cache: NamedCache): Promise<CacheReport> {
  const { name, team, kind, isEnabled: enabled } = cache;
  const report = { name, team, kind, enabled, ...placeOf(cache) };
  try {
    return { ...report, ...(await sizeOf(stores, cache)), problem: null };
  } catch (error) {
    return { ...report, size: null, sizeBytes: null, problem: messageOf(error) };
  }
}

function placeOf(cache: NamedCache): Pick<CacheReport, "scope" | "store"> {
  return cache.kind === "entries"
    ? { scope: cache.scope, store: cache.store }
    : { scope: null, store: cache.adapter };
}

async function sizeOf(
  stores: Pick<Stores, "entries" | "namedCaches">,
  cache: NamedCache,
): Promise<Pick<CacheReport, "size" | "sizeBytes">> {
  const { team, name } = cache;
  if (cache.kind === "entries") {
    const { entries: size, sizeBytes } = await stores.entries.sumCache(team, name);
    return { size, sizeBytes };
  }
  const values = await openSharedValues(stores, cache);
  return { size: await values.size({ team, cache: name }), sizeBytes: null };
}
