// Finds a cache that the config names, or reports what there is.

import { findNearest, MemodagError } from "@memodag/core";
import type { NamedValueCache } from "@memodag/scheduler";
import type { Stores } from "../context.ts";
import type { NamedCache } from "../named-caches.ts";

/** Names a cache and, if several teams have one of that name, the team. */
export interface CacheName {
  readonly name: string;
  readonly team?: string | undefined;
}

/**
 * The cache of a name.
 * @throws MemodagError `cache_not_configured`; `usage` if a team has to be chosen
 */
export function getNamedCache(
  { namedCaches }: Pick<Stores, "namedCaches">,
  { name, team }: CacheName,
): NamedCache {
  const all = namedCaches.list(team);
  const [found, ...others] = all.filter((cache) => cache.name === name);
  if (found && others.length === 0) return found;
  const fields = { name, team: team ?? null };
  if (found) {
    const teams = [found, ...others].map((cache) => cache.team).join(", ");
    throw new MemodagError("usage", `Teams ${teams} each have a cache "${name}": choose one with --team`, {
      fields,
    });
  }
  const nearest = findNearest(
    name,
    all.map((cache) => cache.name),
  );
  throw new MemodagError(
    "cache_not_configured",
    `There is no cache "${name}"${team === undefined ? "" : ` of team "${team}"`} in [[caches]]: ` +
      (nearest === undefined ? "`memodag caches ls` lists those there are" : `did you mean "${nearest}"?`),
    { fault: "user", fields },
  );
}

/**
 * Opens a value cache whose values other processes can see.
 * @throws MemodagError `usage` for one in the memory of schedulers
 */
export async function openSharedValues(
  { namedCaches }: Pick<Stores, "namedCaches">,
  { name, team, adapter }: Extract<NamedCache, { kind: "values" }>,
): Promise<NamedValueCache["adapter"]> {
  if (adapter !== "memory") return await namedCaches.openValues(team, name);
  throw new MemodagError(
    "usage",
    `The cache "${name}" is in the memory of each scheduler, where no command can see it: restart them to clear it, ` +
      'or set adapter = "metadata-db" or "redis"',
    { fields: { name, team } },
  );
}
