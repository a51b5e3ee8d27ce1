// Finds caches of the config by their names, and the limits of those that have one.

import type { CacheConfig } from "@memodag/config";
import type { EntryLimit } from "@memodag/core";

/** The cache of a name for a team: the team's own, or else the one of that name for every team. */
export function findNamedCache(
  caches: readonly CacheConfig[],
  team: string,
  name: string,
): CacheConfig | undefined {
  const named = caches.filter((cache) => cache.name === name);
  return named.find((cache) => cache.team === team) ?? named.find((cache) => cache.team === undefined);
}

/** The job caches that have a size limit. */
export function entryLimits(caches: readonly CacheConfig[]): EntryLimit[] {
  return caches.flatMap((cache) => {
    if (cache.kind !== "entries" || cache.maxSize === undefined) return [];
    const { name, team = null, maxSize: maxBytes } = cache;
    const others = caches.flatMap((one) => (one.name === name && one.team !== undefined ? [one.team] : []));
    return [{ cache: name, team, otherTeams: team === null ? others : [], maxBytes }];
  });
}
