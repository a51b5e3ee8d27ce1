// What an author may say about caching a task, and how it is read.

import { CACHE_TRUSTS, type CacheTrust, type SerializedCacheConfig } from "@memodag/core";
import { canonicalContextPath, CONTEXT_PATH_RULE, isContextPath } from "../context/context-path.ts";
import { show, type FaultPlace } from "./dag-fault.ts";
import { OptionReader } from "./option-reader.ts";

/** How a task's results are remembered. `Name` is the union of its arguments' names. */
export interface CacheConfig<Name extends string = string> {
  /**
   * How long a result may be used again: seconds, or a text such as `"7d"`; `null`: for ever.
   * Default: the admin's `[task_cache] default_ttl`.
   */
  readonly ttl?: number | string | null;
  /** Arguments that do not change the result; they are not in the key. */
  readonly excludeInputs?: readonly Name[];
  /** What the task reads of its run, such as `params.species`, `dagRun.conf.region`, `logicalDate`. */
  readonly includeInputs?: readonly string[];
  /** Environment variables that change the result; their values are in the key. */
  readonly env?: readonly string[];
  /** Any text; bump it by hand to make every older result unreachable. */
  readonly version?: string;
  /**
   * True: of the instances with one key, in any run, one runs at a time. The others wait without a slot and
   * look again when it has ended: what it stored is a hit for all of them. For work that is dear, or that
   * must not be done twice at once; where leases cannot be had, tasks run without. Default false.
   */
  readonly serialize?: boolean;
  /**
   * How long a failure may be used again: seconds, or a text such as `"10m"`. An error that the task threw
   * itself, after its last retry, fails later instances of its key without running them; a timeout, a kill
   * or a lost worker is not remembered. `--refresh-cache` and a clear pass over it, and a result replaces
   * it. Default: never.
   */
  readonly errors?: number | string;
  /**
   * Files that change the result: globs such as `"data/*.csv"`, relative to the bundle's folder or absolute.
   * Which files they match and what is in them is in the key.
   */
  readonly files?: readonly string[];
  /**
   * What need not be noticed, since you vouch that it changes no result, or is in the key by another way:
   * `child_process`, `worker_threads`, `addons` and `file_reads` of a handler, `imports` of a command.
   */
  readonly trust?: readonly CacheTrust[];
}

const NAMES = [
  "ttl",
  "excludeInputs",
  "includeInputs",
  "env",
  "version",
  "serialize",
  "errors",
  "files",
  "trust",
] as const;

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Reads a task's `cache` option: `null` when the task did not opt in.
 * @throws MemodagError `dag_invalid` naming what is wrong.
 */
export function readCacheConfig(place: FaultPlace, options: OptionReader): SerializedCacheConfig | null {
  const value = options.get("cache");
  if (value === undefined || value === false) return null;
  if (value !== true && (typeof value !== "object" || value === null)) {
    throw options.wrong("cache", value, 'write true, false, or an object such as { ttl: "7d" }');
  }
  const reader = new OptionReader(place, "cache.", value === true ? {} : value, NAMES);
  return {
    ttlMs: reader.get("ttl") === null ? null : reader.duration("ttl", "default", 1),
    excludeInputs: reader.texts("excludeInputs").sort(),
    includeInputs: readContextPaths(reader),
    env: readEnvNames(reader),
    version: reader.text("version", null),
    serialize: reader.flag("serialize", false),
    errorsTtlMs: reader.duration("errors", null, 1),
    ...nonEmpty("files", readFiles(reader)),
    ...nonEmpty("trust", readTrust(reader)),
  };
}

/** Absent where there is none, so that Dags which name none are the same as before. */
function nonEmpty<Key extends string, Item>(
  name: Key,
  list: readonly Item[],
): { [K in Key]?: readonly Item[] } {
  return list.length === 0 ? {} : ({ [name]: list } as { [K in Key]?: readonly Item[] });
}

function readFiles(reader: OptionReader): string[] {
  const patterns = reader.texts("files");
  const wrong = patterns.find((pattern) => pattern.includes("\\") || pattern.includes("\0"));
  if (wrong === undefined) return patterns.sort();
  throw reader.fault("files", {
    problem: `names ${show(wrong)}`,
    mend: 'write a path or glob with forward slashes, relative to the bundle\'s folder, such as "data/*.csv"',
  });
}

function readTrust(reader: OptionReader): CacheTrust[] {
  const names = reader.texts("trust");
  const unknown = names.find((name) => !CACHE_TRUSTS.some((known) => known === name));
  if (unknown === undefined) return (names as CacheTrust[]).sort();
  throw reader.fault("trust", {
    problem: `names ${show(unknown)}, which cannot be vouched for`,
    mend: `name one or more of ${CACHE_TRUSTS.join(", ")}`,
  });
}

function readContextPaths(reader: OptionReader): string[] {
  const paths = reader.texts("includeInputs");
  const unknown = paths.find((path) => !isContextPath(path));
  if (unknown !== undefined) {
    throw reader.fault("includeInputs", {
      problem: `names ${show(unknown)}, which cannot be in a key`,
      mend: CONTEXT_PATH_RULE,
    });
  }
  return [...new Set(paths.map(canonicalContextPath))].sort();
}

function readEnvNames(reader: OptionReader): string[] {
  const names = reader.texts("env");
  const wrong = names.find((name) => !ENV_NAME.test(name));
  if (wrong === undefined) return names.sort();
  throw reader.fault("env", {
    problem: `names ${show(wrong)}, which is not the name of an environment variable`,
    mend: 'write the name alone, such as "MODEL_DIR"',
  });
}
