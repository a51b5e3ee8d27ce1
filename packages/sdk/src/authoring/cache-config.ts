// The `cache` option of a task and how it is read.

import {
  CACHE_TRUSTS,
  JOB_CACHE,
  messageOf,
  readEntryPattern,
  type CacheStorage,
  type CacheTrust,
  type EntryPattern,
  type SerializedCacheConfig,
} from "@memodag/core";
import { canonicalContextPath, CONTEXT_PATH_RULE, isContextPath } from "../context/context-path.ts";
import { show, type FaultPlace } from "./dag-fault.ts";
import { OptionReader } from "./option-reader.ts";

/**
 * Controls how a task's results are cached. `Name` is the union of the task's argument names.
 *
 * @example
 * ```ts
 * const train = dag.task("train", trainModel, {
 *   cache: { ttl: "7d", excludeInputs: ["verbose"], files: ["data/*.csv"], env: ["MODEL_DIR"] },
 * });
 * ```
 */
export interface CacheConfig<Name extends string = string> {
  /**
   * How long a result may be reused: seconds, or a string such as `"7d"`. `null` means it never
   * expires. Default: `default_ttl` of `[task_cache]` in the config.
   */
  readonly ttl?: number | string | null;
  /** Arguments that do not affect the result. They are left out of the cache key. */
  readonly excludeInputs?: readonly Name[];
  /**
   * Properties of the run that the task reads, such as `params.species`, `dagRun.conf.region` or
   * `logicalDate`. They become part of the cache key.
   */
  readonly includeInputs?: readonly string[];
  /** Environment variables that affect the result. Their values become part of the cache key. */
  readonly env?: readonly string[];
  /** Any string. Changing it makes all earlier results unreachable. */
  readonly version?: string;
  /**
   * If true, only one instance per cache key runs at a time, across all runs. The others wait
   * without taking a slot and look up the cache again when it has ended, so its stored result is a
   * hit for all of them. Use it for work that is expensive or must not run twice concurrently. When
   * the cache cannot grant leases, tasks run without this protection. Default: false.
   */
  readonly serialize?: boolean;
  /**
   * How long a failure may be reused: seconds, or a string such as `"10m"`. If the task throws on
   * its last retry, later instances with the same key fail without running. Timeouts, kills and
   * lost workers are not cached. `--refresh-cache` and clearing the task bypass a cached failure,
   * and a result replaces it. Default: failures are not cached.
   */
  readonly errors?: number | string;
  /**
   * Files that affect the result: globs such as `"data/*.csv"`, absolute or relative to the
   * bundle's folder. The names and contents of the matching files become part of the cache key.
   */
  readonly files?: readonly string[];
  /**
   * Entries of the job cache that affect the result: keys such as `"grid"`, or groups such as `"tiles/*"`
   * (`"tiles/**"` with the groups below). Their keys and digests become part of the cache key. An entry
   * whose reference is an argument needs no declaration.
   */
  readonly reads?: readonly string[];
  /**
   * Dependencies outside the key that are accepted, because you vouch that they do not affect the result
   * or are covered by the key in another way: `child_process`, `worker_threads`, `addons` and `file_reads`
   * for a handler, `imports` for a command.
   */
  readonly trust?: readonly CacheTrust[];
  /**
   * Store that keeps the record of each key: a name of `[[stores]]` in the config. Default: the deployment's.
   * It is not part of the key: with another store, the task runs once more.
   */
  readonly keyStorage?: string;
  /** Store that keeps the bytes of results, likewise. Default: the deployment's. */
  readonly resultStorage?: string;
}

/** Defaults for the `cache` option of tasks. They enable it for none. */
export type CacheDefaults = Pick<CacheConfig, "keyStorage" | "resultStorage">;

const NAMES = [
  "ttl",
  "excludeInputs",
  "includeInputs",
  "env",
  "version",
  "serialize",
  "errors",
  "files",
  "reads",
  "trust",
  "keyStorage",
  "resultStorage",
] as const;

const DEFAULT_NAMES = ["keyStorage", "resultStorage"] as const;

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Reads the `cache` option of a Dag's `defaultArgs`.
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readCacheDefaults(place: FaultPlace, options: OptionReader): CacheDefaults {
  return readStorage(
    new OptionReader(place, "defaultArgs.cache.", options.get("cache") ?? {}, DEFAULT_NAMES),
  );
}

function readStorage(reader: OptionReader): CacheStorage {
  const [keyStorage, resultStorage] = DEFAULT_NAMES.map((name) => reader.text(name, undefined));
  return { ...(keyStorage && { keyStorage }), ...(resultStorage && { resultStorage }) };
}

/**
 * Reads a task's `cache` option. Returns `null` if the task does not opt in.
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readCacheConfig(
  place: FaultPlace,
  options: OptionReader,
  defaults: CacheDefaults = {},
): SerializedCacheConfig | null {
  const value = options.get("cache");
  if (value === undefined || value === false) return null;
  if (value !== true && (typeof value !== "object" || value === null)) {
    throw options.wrong("cache", value, 'use true, false, or an object such as { ttl: "7d" }');
  }
  const reader = new OptionReader(place, "cache.", value === true ? {} : value, NAMES);
  return {
    ttlMs: reader.get("ttl") === null ? null : reader.duration("ttl", "default", 1),
    excludeInputs: reader.strings("excludeInputs").sort(),
    includeInputs: readContextPaths(reader),
    env: readEnvNames(reader),
    version: reader.text("version", null),
    serialize: reader.flag("serialize", false),
    errorsTtlMs: reader.duration("errors", null, 1),
    ...nonEmpty("files", readFiles(reader)),
    ...nonEmpty("reads", readReads(reader)),
    ...nonEmpty("trust", readTrust(reader)),
    ...defaults,
    ...readStorage(reader),
  };
}

/**
 * Leaves an empty list out, so that the serialized form of Dags without this option does not
 * change.
 */
function nonEmpty<Key extends string, Item>(
  name: Key,
  list: readonly Item[],
): { [K in Key]?: readonly Item[] } {
  return list.length === 0 ? {} : ({ [name]: list } as { [K in Key]?: readonly Item[] });
}

function readFiles(reader: OptionReader): string[] {
  const patterns = reader.strings("files");
  const wrong = patterns.find((pattern) => pattern.includes("\\") || pattern.includes("\0"));
  if (wrong === undefined) return patterns.sort();
  throw reader.fault("files", {
    problem: `names ${show(wrong)}`,
    fix: 'use a path or glob with forward slashes, relative to the bundle\'s folder, such as "data/*.csv"',
  });
}

function readReads(reader: OptionReader): EntryPattern[] {
  const patterns = reader.strings("reads").map((pattern) => pattern.normalize("NFC"));
  for (const pattern of patterns) {
    try {
      readEntryPattern(pattern);
    } catch (error) {
      throw reader.fault("reads", {
        problem: `names ${show(pattern)} (${messageOf(error)})`,
        fix: 'use keys and groups such as ["grid", "tiles/*"]',
      });
    }
  }
  return [...new Set(patterns)].sort().map((pattern) => ({ cache: JOB_CACHE, pattern }));
}

function readTrust(reader: OptionReader): CacheTrust[] {
  const names = reader.strings("trust");
  const unknown = names.find((name) => !CACHE_TRUSTS.some((known) => known === name));
  if (unknown === undefined) return (names as CacheTrust[]).sort();
  throw reader.fault("trust", {
    problem: `names ${show(unknown)}, which is not a trust option`,
    fix: `use one or more of ${CACHE_TRUSTS.join(", ")}`,
  });
}

function readContextPaths(reader: OptionReader): string[] {
  const paths = reader.strings("includeInputs");
  const unknown = paths.find((path) => !isContextPath(path));
  if (unknown !== undefined) {
    throw reader.fault("includeInputs", {
      problem: `names ${show(unknown)}, which cannot be part of a cache key`,
      fix: CONTEXT_PATH_RULE,
    });
  }
  return [...new Set(paths.map(canonicalContextPath))].sort();
}

function readEnvNames(reader: OptionReader): string[] {
  const names = reader.strings("env");
  const wrong = names.find((name) => !ENV_NAME.test(name));
  if (wrong === undefined) return names.sort();
  throw reader.fault("env", {
    problem: `names ${show(wrong)}, which is not a valid environment variable name`,
    fix: 'use the name only, such as "MODEL_DIR"',
  });
}
