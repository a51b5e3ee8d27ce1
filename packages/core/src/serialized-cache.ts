// The cache options of a task as data.

import type { CacheTrust } from "./cache-trust.ts";
import type { Digest } from "./digest.ts";
import type { EntryPattern } from "./entry.ts";

/** Paths of the fields that stand for an argument in the key, with dots between names and indexes; sorted. */
export type Projection = readonly [name: string, paths: readonly string[]];

/** When a result expires for every reader: a time after it was stored, or the next date of a schedule. */
export type CacheExpiry = { readonly afterMs: number } | { readonly schedule: string };

/** A function of a task whose answer is part of its key. */
export interface SerializedKeyFunction {
  /** Digest of the code that the function can reach. It is part of the key. */
  readonly sourceHash: Digest;
  /**
   * `pure`: answers depend on the arguments alone and are remembered. `unconfirmed`: the author vouches that the answer
   * stays the same while the task runs. Absent: asked again after the attempt.
   */
  readonly trust?: "pure" | "unconfirmed";
}

/** How the lock of a key is taken, with `serialize`. */
export interface LockConfig {
  /** A lock store of the config. Absent: the deployment's. */
  readonly store?: string;
  /** How long an instance waits for the lock, in milliseconds. Absent: without limit. */
  readonly waitMs?: number;
  /** Absent: an instance that has waited for so long runs. */
  readonly onTimeout?: "fail";
  /** The behaviour while the lock store fails or is late. Absent: it runs. */
  readonly unavailable?: "wait" | "fail";
}

/** True if an instance must not run, and its result not be stored, without the lock of its key. */
export function isStrictLock(lock: LockConfig | undefined): boolean {
  return lock?.unavailable !== undefined;
}

/** A task's cache options; `null` for a task that did not opt in. */
export interface SerializedCacheConfig {
  /** In milliseconds. `null` means no expiry; `"default"` is the configured default. */
  readonly ttlMs: number | null | "default";
  /** Names of arguments that are not part of the key. */
  readonly excludeInputs: readonly string[];
  /** Context paths that are part of the key, such as `params.species`. */
  readonly includeInputs: readonly string[];
  /** Names of environment variables whose values are part of the key. */
  readonly env: readonly string[];
  /** Chosen by the author; part of the key. */
  readonly version: string | null;
  /** Only one instance per key runs at a time. */
  readonly serialize: boolean;
  /** Absent: the deployment's lock store, without limit; without it, an instance runs. */
  readonly lock?: LockConfig;
  /** How long a failure is cached, in milliseconds; `null`: not at all. */
  readonly errorsTtlMs: number | null;
  /**
   * Globs of files whose names and contents are part of the key, relative to the bundle's folder or
   * absolute, sorted. Absent: none.
   */
  readonly files?: readonly string[];
  /** Entries of job caches whose keys and digests are part of the key, by their names. Absent: none. */
  readonly reads?: readonly EntryPattern[];
  /** Dependencies that the author vouches for, sorted. Absent: none. */
  readonly trust?: readonly CacheTrust[];
  /** The store of the config that keeps the records. Absent: the deployment's. */
  readonly keyStorage?: string;
  /** The store of the config that keeps the bytes of results. Absent: the deployment's. */
  readonly resultStorage?: string;
  /** Arguments of which only some fields are part of the key, by name. Absent: none. */
  readonly projections?: readonly Projection[];
  /** The function that adds a part to the key. Absent: none. */
  readonly key?: SerializedKeyFunction;
  /** The version stands in the key in place of the code. Absent: the code is part of the key. */
  readonly ignoreSource?: true;
  /** Stands in the key in place of Dag and task. Absent: Dag and task are part of the key. */
  readonly share?: string;
  /**
   * `refresh`: never looked up. `read`: never stored. `keep`: not refreshed by a run that refreshes. Absent: looked up
   * and stored.
   */
  readonly mode?: "refresh" | "read" | "keep";
  /** Absent: the readers' ttl decides alone. */
  readonly expires?: CacheExpiry;
}

/** Where a task's results are remembered. It is no part of the key. */
export type CacheStorage = Pick<SerializedCacheConfig, "keyStorage" | "resultStorage">;
