// The job caches that tasks can use: by name from the config, and where the entries of each belong.

import {
  JOB_CACHE,
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
  /** Bytes of an entry, at most. */
  readonly maxEntryBytes: number;
  /** True if entries that are not read have to make room for others. */
  readonly isLimited: boolean;
}

/** The job cache of a name for a team; `"values"`: the name is that of a value cache. */
export type FindEntryCache = (team: string, name: string) => EntryCache | "values" | undefined;

/** The stores and limits of entries. */
export interface EntryParts {
  readonly store: EntryStore;
  readonly findCache: FindEntryCache;
  /** Opens a byte store of the config. @throws MemodagError `config_invalid` if there is none of that name */
  openStore(name: string): Promise<ByteStore>;
  /** Bytes up to which an entry goes over the channel between worker and scheduler. */
  readonly maxInlineBytes: Live<number>;
}

/**
 * The cache of a name.
 * @throws MemodagError `cache_not_configured`
 */
export function getEntryCache(find: FindEntryCache, team: string, name: string): EntryCache {
  const found = find(team, name);
  if (found !== undefined && found !== "values") return found;
  const problem =
    found === "values"
      ? `"${name}" is a value cache, and has no entries: use getValueCache("${name}")`
      : name === JOB_CACHE
        ? "There are no job caches here"
        : `There is no job cache "${name}" for team "${team}": add [[caches]] with name = "${name}", kind = "entries" and a scope to the config`;
  throw new MemodagError("cache_not_configured", problem, { fault: "user", fields: { name, team } });
}

/** Distinguishes a Dag's id from a run's number. */
const OF_DAG = "dag:";

/** Where the entries of a cache belong for one run. */
export function entryPlace(
  { name: cache, scope }: Pick<EntryCache, "name" | "scope">,
  { team, dagId, id }: Pick<DagRun, "team" | "dagId" | "id">,
): EntryPlace {
  const scopeId = { run: String(id), dag: OF_DAG + dagId, team: "" }[scope];
  return { team, cache, scopeId };
}

/** The scope of a place. */
export function scopeOfPlace({ scopeId }: Pick<EntryPlace, "scopeId">): EntryScope {
  if (scopeId === "") return "team";
  return scopeId.startsWith(OF_DAG) ? "dag" : "run";
}
