// Removes the values or entries of a named cache. Bytes of entries follow with a later collection, if nothing else names them.

import { checkEntryKey } from "@memodag/core";
import { audited, newAct } from "../act.ts";
import type { OperationContext, Stores } from "../context.ts";
import { getNamedCache, openSharedValues, type CacheName } from "./get-named-cache.ts";
import type { NamedCache } from "../named-caches.ts";

/** Selects all of a cache, or a group. */
export interface ClearCacheInput extends CacheName {
  /** Only keys in this group, at any depth. */
  readonly under?: string | undefined;
}

/** The number of entries or values that were removed. */
export interface ClearedCache {
  readonly name: string;
  readonly team: string;
  readonly kind: "entries" | "values";
  readonly cleared: number;
}

/** The number of entries or values that would be removed. */
export interface ClearPlan extends ClearedCache {
  readonly cleared: 0;
  readonly wouldClear: number;
}

/** Keys that are counted one by one, at most. */
const MOST_COUNTED = 1_000_000;

/**
 * Removes all of a cache, or a group. Leases of creators stay; what they create is not stored.
 * @param isConfirmed called with the number, and of what, before anything is removed; without it, no confirmation is needed
 * @throws MemodagError `cache_not_configured`, `usage`, `entry_key_invalid`, `cache_backend_failed`
 */
export async function clearCache(
  { stores, actor }: OperationContext,
  input: ClearCacheInput,
  isConfirmed?: (count: number, kind: ClearedCache["kind"]) => Promise<boolean>,
): Promise<ClearedCache> {
  const cache = getNamedCache(stores, input);
  const { name, team, kind } = cache;
  const prefix = prefixOf(input);
  // Nothing is recorded that cannot be done.
  if (cache.kind === "values") await openSharedValues(stores, cache);
  if (isConfirmed && !(await isConfirmed(await countIn(stores, cache, prefix), kind)))
    return { name, team, kind, cleared: 0 };
  const filter = { name, kind, ...(input.under !== undefined && { under: input.under }) };
  const cleared = await audited(
    stores.audit,
    newAct(actor, "caches.clear", team, filter),
    () => clear(stores, cache, prefix),
    (count) => count,
  );
  return { name, team, kind, cleared };
}

/** Tells what {@link clearCache} would remove. */
export async function planClear({ stores }: OperationContext, input: ClearCacheInput): Promise<ClearPlan> {
  const cache = getNamedCache(stores, input);
  const { name, team, kind } = cache;
  return { name, team, kind, cleared: 0, wouldClear: await countIn(stores, cache, prefixOf(input)) };
}

async function clear(stores: Stores, cache: NamedCache, prefix: string | undefined): Promise<number> {
  const { name, team } = cache;
  if (cache.kind === "values")
    return await (await openSharedValues(stores, cache)).clear({ team, cache: name }, prefix);
  let removed = 0;
  for (const place of await stores.entries.listPlaces(team, name))
    removed += await stores.entries.remove(place, prefix === undefined ? {} : { prefix });
  return removed;
}

async function countIn(stores: Stores, cache: NamedCache, prefix: string | undefined): Promise<number> {
  const { name, team } = cache;
  if (cache.kind === "entries") return (await stores.entries.sumCache(team, name, prefix)).entries;
  const values = await openSharedValues(stores, cache);
  const place = { team, cache: name };
  if (prefix === undefined) return await values.size(place);
  const keys = await values.listKeys(place, MOST_COUNTED);
  return keys.filter((key) => key.startsWith(prefix)).length;
}

function prefixOf({ under }: ClearCacheInput): string | undefined {
  return under === undefined ? undefined : `${checkEntryKey(under)}/`;
}
