// Finds a cache of the config by its name.

import type { CacheConfig } from "@memodag/config";

/** The cache of a name for a team: the team's own, or else the one of that name for every team. */
export function findNamedCache(
  caches: readonly CacheConfig[],
  team: string,
  name: string,
): CacheConfig | undefined {
  const named = caches.filter((cache) => cache.name === name);
  return named.find((cache) => cache.team === team) ?? named.find((cache) => cache.team === undefined);
}
