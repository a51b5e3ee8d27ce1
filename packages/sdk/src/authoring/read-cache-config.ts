// Reads the `cache` option of a task.

import {
  CACHE_TRUSTS,
  parseDuration,
  type CacheExpiry,
  type CacheStorage,
  type CacheTrust,
  type SerializedCacheConfig,
} from "@memodag/core";
import { canonicalContextPath, CONTEXT_PATH_RULE, isContextPath } from "../context/context-path.ts";
import { findPolicyForm, type PolicyForm } from "./cache-policy.ts";
import { show, type FaultPlace } from "./dag-fault.ts";
import { IDENTIFIER_RULE, isIdentifier } from "./identifier.ts";
import { readKeyFunction, type AnyKeyFunction, type ReadKeyFunction } from "./key-function.ts";
import { OptionReader } from "./option-reader.ts";
import { readLock } from "./read-lock.ts";
import { readProjections } from "./read-projections.ts";
import { readReads } from "./read-reads.ts";

const NAMES = [
  "policy",
  "ttl",
  "expires",
  "excludeInputs",
  "inputs",
  "key",
  "includeInputs",
  "env",
  "version",
  "source",
  "serialize",
  "isolation",
  "lock",
  "errors",
  "mode",
  "share",
  "files",
  "reads",
  "trust",
  "keyStorage",
  "resultStorage",
] as const;

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Reads a task's `cache` option. Returns `null` if the task does not opt in.
 * @param meansTrue the Dag's `defaultArgs.cache`, which `true` stands for
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readCacheConfig(
  place: FaultPlace,
  options: OptionReader,
  meansTrue: unknown = {},
): ReadCacheConfig | null {
  const value = options.get("cache");
  if (value === undefined || value === false) return null;
  if (value === true) return readCacheRules(place, options, meansTrue, "defaultArgs.cache.");
  const own = readCacheRules(place, options, value);
  // Where results are kept changes no key, so that a Dag says it for all of its tasks.
  const { keyStorage, resultStorage } = readCacheRules(
    place,
    options,
    meansTrue,
    "defaultArgs.cache.",
  ).config;
  const storage = { ...(keyStorage && { keyStorage }), ...(resultStorage && { resultStorage }) };
  return { ...own, config: { ...storage, ...own.config } };
}

/** A `cache` option after reading. */
export interface ReadCacheConfig {
  readonly config: SerializedCacheConfig;
  /** True if a policy puts no argument into the key: the task must have none. */
  readonly hasNoInputs: boolean;
  readonly keyFunction: AnyKeyFunction | undefined;
}

/**
 * Reads rules of caching: a policy, or an object of options.
 * @param group the prefix of option names in messages
 */
export function readCacheRules(
  place: FaultPlace,
  options: OptionReader,
  value: unknown,
  group = "cache.",
): ReadCacheConfig {
  const bare = findPolicyForm(value);
  if (!bare && (typeof value !== "object" || value === null)) {
    throw options.wrong("cache", value, 'use true, false, a policy, or an object such as { ttl: "7d" }');
  }
  const own = new OptionReader(place, group, bare ? {} : value, NAMES);
  const form = bare ?? readPolicy(own);
  const reader = form ? new OptionReader(place, group, onTopOf(form, value, own), NAMES) : own;
  const version = reader.text("version", null);
  const errorsTtlMs = reader.duration("errors", null, 1);
  const serialize = readSerialize(reader);
  const excludeInputs = reader.strings("excludeInputs").sort();
  const key = readKeyFunction(reader);
  const config: SerializedCacheConfig = {
    ttlMs: reader.get("ttl") === null ? null : reader.duration("ttl", "default", 1),
    excludeInputs,
    includeInputs: readContextPaths(reader),
    env: readEnvNames(reader),
    version,
    serialize,
    errorsTtlMs,
    ...readLock(place, reader, group, serialize),
    ...nonEmpty("files", readFiles(reader)),
    ...nonEmpty("reads", readReads(place, reader, group)),
    ...nonEmpty("trust", readTrust(reader)),
    ...nonEmpty("projections", readProjections(reader, excludeInputs)),
    ...(key && { key: { sourceHash: "", ...(key.trust && { trust: key.trust }) } }),
    ...readSource(reader, version),
    ...readMode(reader, errorsTtlMs),
    ...readShare(reader),
    ...readExpires(reader),
    ...readStorage(reader),
  };
  return { config, hasNoInputs: form?.minus === null, keyFunction: key?.call };
}

function readPolicy(reader: OptionReader): PolicyForm | undefined {
  const value = reader.get("policy");
  if (value === undefined) return undefined;
  const form = findPolicyForm(value);
  if (form) return form;
  throw reader.wrong("policy", value, "use a policy such as INPUTS.plus(SOURCE), or remove it");
}

/** The options that a policy stands for, with the task's own added: lists are joined, other options replaced. */
function onTopOf(form: PolicyForm, own: unknown, reader: OptionReader): Readonly<Record<string, unknown>> {
  const { policy: _, ...given } = findPolicyForm(own) ? {} : (own as Readonly<Record<string, unknown>>);
  const { isolation, ...settings } = form.settings;
  // The task's own short form takes the place of the policy's.
  const level = given["serialize"] === undefined && given["isolation"] === undefined ? { isolation } : {};
  return {
    ...settings,
    ...level,
    ...(form.version !== null && { version: form.version }),
    ...(!form.hasSource && { source: "version" }),
    ...(form.key && { key: keyOption(form.key) }),
    ...given,
    excludeInputs: [...(form.minus ?? []), ...reader.strings("excludeInputs")],
    includeInputs: [...form.context, ...reader.strings("includeInputs")],
    env: [...form.env, ...reader.strings("env")],
  };
}

function keyOption({ call, trust }: ReadKeyFunction): Record<string, unknown> {
  return { of: call, pure: trust === "pure", confirm: trust !== "unconfirmed" };
}

function readSerialize(reader: OptionReader): boolean {
  const isolation = reader.choice("isolation", ["read_committed", "serializable"]);
  if (isolation === undefined) return reader.flag("serialize", false);
  const isSerializable = isolation === "serializable";
  if (reader.flag("serialize", isSerializable) === isSerializable) return isSerializable;
  throw reader.fault("isolation", {
    problem: `is "${isolation}", and serialize is ${String(!isSerializable)}`,
    fix: "remove one of them",
  });
}

function readSource(reader: OptionReader, version: string | null): { ignoreSource?: true } {
  const source = reader.get("source");
  if (source === undefined) return {};
  if (source !== "version")
    throw reader.wrong("source", source, 'use "version", or remove it to have the code in the key');
  if (version !== null) return { ignoreSource: true };
  throw reader.fault("source", {
    problem: "leaves the code out of the key, and there is no version in its place",
    fix: 'add version("…") or the option version, or add SOURCE to the policy',
  });
}

function readMode(reader: OptionReader, errorsTtlMs: number | null): { mode?: "refresh" | "read" | "keep" } {
  const mode = reader.choice("mode", ["use", "refresh", "read", "keep"]);
  if (mode === undefined || mode === "use") return {};
  if (mode !== "read" || errorsTtlMs === null) return { mode };
  throw reader.fault("mode", {
    problem: 'is "read", which stores nothing, and errors says how long failures are stored',
    fix: "remove one of them",
  });
}

function readShare(reader: OptionReader): { share?: string } {
  const share = reader.text("share", null);
  if (share === null) return {};
  if (isIdentifier(share)) return { share };
  throw reader.wrong("share", share, IDENTIFIER_RULE);
}

function readStorage(reader: OptionReader): CacheStorage {
  const [keyStorage, resultStorage] = (["keyStorage", "resultStorage"] as const).map((name) =>
    reader.text(name, undefined),
  );
  return { ...(keyStorage && { keyStorage }), ...(resultStorage && { resultStorage }) };
}

function readExpires(reader: OptionReader): { expires?: CacheExpiry } {
  const value = reader.get("expires");
  if (value === undefined) return {};
  // A schedule is no duration; the Dag processor checks that it is a schedule.
  if (typeof value === "string" && findDuration(value) === undefined)
    return { expires: { schedule: reader.text("expires", value) } };
  return { expires: { afterMs: reader.duration("expires", 0, 1) } };
}

function findDuration(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
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

function readTrust(reader: OptionReader): CacheTrust[] {
  const names = reader.strings("trust");
  const unknown = names.find((name) => !CACHE_TRUSTS.some((known) => known === name));
  if (unknown === undefined) return (names as CacheTrust[]).sort();
  throw reader.fault("trust", {
    problem: `names ${show(unknown)}, which is not a trust option`,
    fix: `use one or more of ${CACHE_TRUSTS.join(", ")}`,
  });
}

/** Paths of the context that a key may contain, sorted. @throws MemodagError `dag_invalid` */
export function readContextPaths(reader: OptionReader): string[] {
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
