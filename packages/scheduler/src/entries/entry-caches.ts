// The job caches that tasks can use: by name from the config, and where the entries of each belong.

import {
  MemodagError,
  type ByteStore,
  type DagRun,
  type EntryPlace,
  type EntryScope,
  type EntryStore,
  type Live,
} from "@memodag/core";

/** A job cache of the config. */
export interface EntryCache {
  /** `JOB_CACHE` for the one that every run has of its own. */
  readonly name: string;
  readonly scope: EntryScope;
  /** The byte store of new entries, by its name in the config. */
  readonly store: string;
  /** Milliseconds; `null`: as long as its scope. */
  readonly defaultTtlMs: number | null;
  /** Which team it is for; absent: every team has one of its own. */
  readonly team?: string;
}

/** The stores and limits of entries. */
export interface EntryParts {
  readonly store: EntryStore;
  readonly caches: readonly EntryCache[];
  /** Opens a byte store of the config. @throws MemodagError `config_invalid` if there is none of that name */
  openStore(name: string): Promise<ByteStore>;
  /** Bytes of an entry, at most. */
  readonly maxEntryBytes: Live<number>;
  /** Bytes up to which an entry goes over the channel between worker and scheduler. */
  readonly maxInlineBytes: Live<number>;
}

/**
 * The cache of a name.
 * @throws MemodagError `cache_not_configured`
 */
export function findEntryCache(caches: readonly EntryCache[], name: string, team: string): EntryCache {
  const found = caches.find((cache) => cache.name === name && (cache.team ?? team) === team);
  if (found) return found;
  throw new MemodagError(
    "cache_not_configured",
    `There is no job cache "${name}": pass a reference that save() returned`,
    { fault: "user", fields: { name } },
  );
}

/** Where the entries of a cache belong for one run. */
export function entryPlace(
  { name: cache, scope }: Pick<EntryCache, "name" | "scope">,
  { team, dagId, id }: Pick<DagRun, "team" | "dagId" | "id">,
): EntryPlace {
  const scopeId = { run: String(id), dag: dagId, team: "" }[scope];
  return { team, cache, scopeId };
}
