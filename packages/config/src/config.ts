// The config as code reads it: camelCase names, durations in milliseconds, sizes in bytes, absolute
// paths.

import { isAbsolute, resolve } from "node:path";
import { DEFAULT_TEAM } from "@memodag/core";
import type { ParsedDocument } from "./schema/config-schema.ts";

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type CamelKeys<T> = T extends readonly (infer Item)[]
  ? readonly CamelKeys<Item>[]
  : T extends object
    ? { readonly [Name in keyof T as CamelCase<Name & string>]: CamelKeys<T[Name]> }
    : T;

type ParsedConfig = CamelKeys<ParsedDocument>;

/** A folder of Dag files and the team it belongs to. */
export interface BundleConfig {
  readonly name: string;
  /** Absolute path. */
  readonly path: string;
  /** `default` if `core.multiTeam` is off. */
  readonly team: string;
}

/** A store of results. */
export interface StoreConfig {
  readonly name: string;
  /** As written: a built-in kind, or a module specifier. */
  readonly kind: string;
  /** The team whose tasks may name it. Absent: every team's. */
  readonly team?: string;
  /** Options for opening it: the keys of its kind as written, or `options`. May contain secrets. */
  readonly options: string | Readonly<Record<string, unknown>> | undefined;
}

/** A scope in another database. */
export interface ScopeConfig {
  readonly name: string;
  /** URL of the database, which is only read; undefined: it is in the cache of the deployment. */
  readonly database: string | undefined;
}

type ParsedCache = ParsedConfig["caches"][number];

/** A cache of get-or-create. */
export interface ValueCacheConfig extends Pick<
  ParsedCache,
  "name" | "team" | "enabled" | "adapter" | "url" | "lease" | "maxValueSize" | "maxEntries"
> {
  readonly kind: "values";
  readonly defaultTtl: number | null;
}

/** A named job cache. */
export interface EntryCacheConfig extends Pick<ParsedCache, "name" | "team" | "enabled" | "maxSize"> {
  readonly kind: "entries";
  readonly defaultTtl: number | null;
  readonly scope: NonNullable<ParsedCache["scope"]>;
  readonly store: string;
  readonly maxEntrySize: number;
}

/** A cache that tasks use by its name. */
export type CacheConfig = ValueCacheConfig | EntryCacheConfig;

/**
 * The config: the schema's keys in camelCase. Durations are in milliseconds (`null`: never), sizes in
 * bytes, paths absolute, and `sqlite:` URLs contain an absolute path.
 */
export interface Config extends Omit<
  ParsedConfig,
  "bundles" | "caches" | "database" | "scopes" | "stores" | "taskCache"
> {
  /** `url` is resolved, from either `url` or `url_file`. */
  readonly database: Omit<ParsedConfig["database"], "urlFile">;
  /** `url` is undefined if the cache uses the metadata database. */
  readonly taskCache: Omit<ParsedConfig["taskCache"], "urlFile" | "backendOptionsFile">;
  readonly bundles: readonly BundleConfig[];
  readonly stores: readonly StoreConfig[];
  readonly scopes: readonly ScopeConfig[];
  readonly caches: readonly CacheConfig[];
}

/** Converts the parsed config, resolving paths relative to `projectDir`. */
export function toConfig(parsed: ParsedDocument, projectDir: string): Config {
  const {
    core,
    database,
    taskCache,
    bundles,
    caches,
    scopes,
    stores: _,
    ...rest
  } = camelKeys(parsed) as ParsedConfig;
  const { urlFile: _databaseFile, ...databaseKeys } = database;
  const { urlFile: _cacheFile, backendOptionsFile: _optionsFile, url: cacheUrl, ...cacheKeys } = taskCache;
  return {
    ...rest,
    core: { ...core, stateDir: resolve(projectDir, core.stateDir) },
    database: { ...databaseKeys, url: resolveUrl(database.url, projectDir) },
    taskCache: {
      ...cacheKeys,
      // The keys of a table are its module's.
      backendOptions: parsed.task_cache.backend_options,
      url: cacheUrl === undefined ? undefined : resolveUrl(cacheUrl, projectDir),
    },
    scopes: scopes.map(({ name, database: url }) => ({
      name,
      database: url === undefined ? undefined : resolveUrl(url, projectDir),
    })),
    stores: parsed.stores.map((store) => toStore(store, projectDir)),
    caches: caches.map((cache) => toCache(cache, rest.jobCache)),
    bundles: bundles.map(({ name, path, team }) => ({
      name,
      path: resolve(projectDir, path),
      team: team ?? DEFAULT_TEAM,
    })),
  };
}

function toStore(
  { name, kind, team, options, url_file: _urlFile, ...keys }: ParsedDocument["stores"][number],
  projectDir: string,
): StoreConfig {
  const named = { name, kind, ...(team !== undefined && { team }) };
  if (options !== undefined) return { ...named, options };
  const written = Object.entries(keys).filter(([, value]) => value !== undefined && value !== "");
  if (written.length === 0) return { ...named, options: undefined };
  const path = keys.path === undefined ? {} : { path: resolve(projectDir, keys.path) };
  return { ...named, options: { ...Object.fromEntries(written), ...path } };
}

/** How long values are current by default, in milliseconds. */
const VALUE_TTL_MS = 3_600_000;

function toCache(cache: ParsedCache, jobCache: ParsedConfig["jobCache"]): CacheConfig {
  const { name, kind, team, enabled, defaultTtl } = cache;
  const common = { name, team, enabled };
  if (kind === "values") {
    const { adapter, url, lease, maxValueSize, maxEntries } = cache;
    const ttl = defaultTtl === undefined ? VALUE_TTL_MS : defaultTtl;
    return { ...common, kind, defaultTtl: ttl, adapter, url, lease, maxValueSize, maxEntries };
  }
  // The rules require a scope.
  const { scope = "run", store = jobCache.store, maxEntrySize = jobCache.maxEntrySize, maxSize } = cache;
  return { ...common, kind, defaultTtl: defaultTtl ?? null, scope, store, maxEntrySize, maxSize };
}

const SQLITE = "sqlite:";

function resolveUrl(url: string, projectDir: string): string {
  if (!url.startsWith(SQLITE)) return url;
  const path = url.slice(SQLITE.length);
  return isAbsolute(path) ? url : SQLITE + resolve(projectDir, path);
}

/** Converts a key's name to camelCase: `default_ttl` becomes `defaultTtl`. */
export function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [camelCase(name), camelKeys(member)]),
  );
}
