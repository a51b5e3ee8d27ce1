// The `cache` option of a task, as an author writes it.

import type { CacheTrust } from "@memodag/core";
import type { CachePolicy } from "./cache-policy.ts";
import type { CacheSettings } from "./cache-settings.ts";
import type { KeyFunction, KeyOption } from "./key-function.ts";

/**
 * Controls how a task's results are cached. `Name` is the union of the task's argument names, `Args` the
 * type of its arguments.
 *
 * @example
 * ```ts
 * const train = dag.task("train", trainModel, {
 *   cache: { ttl: "7d", excludeInputs: ["verbose"], files: ["data/*.csv"], env: ["MODEL_DIR"] },
 * });
 * ```
 */
export interface CacheConfig<
  Name extends string = string,
  Args extends object = object,
> extends CacheSettings {
  /** A policy, to which the other options are added. An option that the policy sets too takes its place. */
  readonly policy?: CachePolicy<Name, Args>;
  /** Arguments that do not affect the result. They are left out of the cache key. */
  readonly excludeInputs?: readonly Name[];
  /**
   * Fields that stand for an argument in the cache key, such as `{ doc: ["etag"], options: ["depth", "model.name"] }`:
   * the others do not affect the result. A path consists of names and indexes with dots between them. A field that is
   * not there counts as such.
   */
  readonly inputs?: { readonly [name in Name]?: readonly string[] };
  /**
   * A function of the task's arguments whose answer becomes part of the cache key, such as
   * `({ path }) => statSync(path).mtimeMs`. It adds a part and takes none out: list arguments that it stands for in
   * `excludeInputs`. It runs in a process of its own before the lookup; when it returns `null` or fails, the task runs
   * and its result is not stored.
   */
  readonly key?: KeyFunction<Args> | KeyOption<Args>;
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
   * `"version"`: {@link version} stands in the cache key in place of the code. You vouch that a change of code which
   * leaves the version as it is does not change results. Default: the code is in the key.
   */
  readonly source?: "version";
  /**
   * If true, only one instance per cache key runs at a time, across all runs. The others wait
   * without taking a slot and look up the cache again when it has ended, so its stored result is a
   * hit for all of them. Use it for work that is expensive or must not run twice concurrently. When
   * the cache cannot grant leases, tasks run without this protection. Default: false.
   */
  readonly serialize?: boolean;
  /**
   * Files that affect the result: globs such as `"data/*.csv"`, absolute or relative to the
   * bundle's folder. The names and contents of the matching files become part of the cache key.
   */
  readonly files?: readonly string[];
  /**
   * Entries of job caches that affect the result: keys such as `"grid"`, or groups such as `"tiles/*"`
   * (`"tiles/**"` with the groups below). Their keys and digests become part of the cache key. A list is about the
   * job cache of the run; an object names caches: `{ jobCache: ["grid"], grids: ["tiles/*"] }`. An entry whose
   * reference is an argument needs no declaration.
   */
  readonly reads?: readonly string[] | { readonly [cache: string]: readonly string[] };
  /**
   * Dependencies outside the key that are accepted, because you vouch that they do not affect the result
   * or are covered by the key in another way: `child_process`, `worker_threads`, `addons` and `file_reads`
   * for a handler, `imports` for a command.
   */
  readonly trust?: readonly CacheTrust[];
}
