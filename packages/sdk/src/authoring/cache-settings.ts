// How results are kept and reused: the settings that a policy and the `cache` option have in common.

/** How the lock of a cache key is taken. */
export interface LockSettings {
  /**
   * Where it is kept: `"metadata-db"`, `"memory"`, `"filesystem"`, or a name of `[[stores]]` in the config. Default:
   * `lock_store` of `[task_cache]`.
   */
  readonly store?: string;
  /** How long an instance waits for it: seconds, or a string such as `"10m"`. Default: without limit. */
  readonly wait?: number | string;
  /** Whether an instance that has waited for so long runs without the lock, or fails. Default: `"run"`. */
  readonly onTimeout?: "run" | "fail";
  /**
   * Whether an instance runs without the lock, waits, or fails while the lock store is late or broken. With `"wait"` and
   * `"fail"`, the lock is strict: an attempt that loses it is cancelled and runs again, and stores nothing, and
   * `onTimeout` is `"fail"`. Default: `"run"`.
   */
  readonly unavailable?: "run" | "wait" | "fail";
}

/** Settings of a policy, besides the parts of the key. */
export interface CacheSettings {
  /**
   * How long a result may be reused: seconds, or a string such as `"7d"`. `null` means it never
   * expires. Default: `default_ttl` of `[task_cache]` in the config.
   */
  readonly ttl?: number | string | null;
  /**
   * When a result expires, whatever the `ttl` of its readers: seconds after it was stored, a duration such as `"1h"`,
   * or a schedule, at whose next date it expires, such as `"@daily"`, `"0 6 * * *"` or `every("1d")`, in the Dag's
   * time zone. It is stored with the result. Default: the readers' `ttl` decides alone.
   */
  readonly expires?: number | string;
  /**
   * How long a failure may be reused: seconds, or a string such as `"10m"`. If the task throws on
   * its last retry, later instances with the same key fail without running. Timeouts, kills and
   * lost workers are not cached. `--refresh-cache` and clearing the task bypass a cached failure,
   * and a result replaces it. Default: failures are not cached.
   */
  readonly errors?: number | string;
  /**
   * - `"read_committed"`: instances with one key may run at the same time. What is in the cache is always complete.
   * - `"serializable"`: one of them runs, across all runs and schedulers. The others wait without taking a slot, and
   *   look up the cache again. The same as `serialize: true`.
   *
   * Default: `"read_committed"`.
   */
  readonly isolation?: "read_committed" | "serializable";
  /** How the lock of a key is taken. Requires `isolation: "serializable"`. */
  readonly lock?: LockSettings;
  /**
   * - `"use"`: results are looked up and stored.
   * - `"refresh"`: the task always runs, and its result replaces the stored one.
   * - `"read"`: results are looked up and never stored.
   * - `"keep"`: like `"use"`, but a run with `--refresh-cache` uses and keeps what is stored.
   *
   * Default: `"use"`.
   */
  readonly mode?: "use" | "refresh" | "read" | "keep";
  /**
   * A name in place of Dag and task in the cache key: tasks of the team that give the same name, reach the same code
   * and have the same inputs share results. In such a task, reads of `getContext().dag` and `.task` count as
   * undeclared inputs. Default: results belong to one task of one Dag.
   */
  readonly share?: string;
  /**
   * Store that keeps the record of each key: a name of `[[stores]]` in the config. Default: the deployment's.
   * It is not part of the key: with another store, the task runs once more.
   */
  readonly keyStorage?: string;
  /** Store that keeps the bytes of results, likewise. Default: the deployment's. */
  readonly resultStorage?: string;
}
