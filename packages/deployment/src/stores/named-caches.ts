// Finds caches of the config by their names, and the limits of those that have one.

import type { CacheConfig, Config } from "@memodag/config";
import type { EntryLimit } from "@memodag/core";
import type { NamedCache } from "@memodag/operations/caches";
import { configuredTeams } from "../config/configured-teams.ts";

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

/** The caches of a team, or of every team of the config, by name and team. */
export function listNamedCaches(config: Config, team: string | undefined): NamedCache[] {
  const { caches } = config;
  const teams = team === undefined ? configuredTeams(config) : [team];
  const names = [...new Set(caches.map(({ name }) => name))];
  return names
    .sort()
    .flatMap((name) => teams.map((of) => toNamedCache(of, findNamedCache(caches, of, name))))
    .filter((cache) => cache !== undefined);
}

function toNamedCache(team: string, cache: CacheConfig | undefined): NamedCache | undefined {
  if (!cache) return undefined;
  const { name, enabled: isEnabled } = cache;
  if (cache.kind === "values") return { name, team, isEnabled, kind: "values", adapter: cache.adapter };
  const { store, maxSize } = cache;
  // Without sharing, each run has entries of its own.
  const scope = isEnabled ? cache.scope : "run";
  return { name, team, isEnabled, kind: "entries", scope, store, maxSizeBytes: maxSize ?? null };
}
