// Options of a transaction, and how they are read.

import type { SerializedCacheConfig, TransactionEvent, TransactionIsolation } from "@memodag/core";
import {
  TRANSACTION_OPTIONS,
  type AnyCallback,
  type TransactionCallbacks,
} from "../context/callback-context.ts";
import type { CacheConfig } from "./cache-config.ts";
import type { FaultPlace } from "./dag-fault.ts";
import { OptionReader } from "./option-reader.ts";
import type { LockSettings } from "./cache-settings.ts";
import { readCacheConfig, readContextPaths } from "./read-cache-config.ts";
import { readLock } from "./read-lock.ts";
import { readCallbacks } from "./retry-options.ts";

/** How the results of a transaction's tasks are stored as one record. */
export type TransactionCacheConfig = Pick<
  CacheConfig,
  | "ttl"
  | "expires"
  | "includeInputs"
  | "env"
  | "version"
  | "files"
  | "trust"
  | "mode"
  | "keyStorage"
  | "resultStorage"
>;

/** Options of a transaction. */
export interface TransactionOptions extends TransactionCallbacks {
  /**
   * When the results of its tasks are stored: `lazy`, all together when all tasks have ended well, or `eager`, each when
   * its task succeeds. See also `commitWhen`. Default: as the transaction around it, or else `lazy`.
   */
  readonly commit?: "lazy" | "eager";
  /**
   * The failures that roll it back: `any` of its tasks, even if a trigger rule lets the run go on, or only those of
   * `leaves`, which no other task of the transaction waits for. Default: `any`.
   */
  readonly failOn?: "any" | "leaves";
  /**
   * Stores the results of all tasks of the transaction as one record, which is looked up once, before any of them
   * runs: either all of them are hits, or all of them run. What one of the options says, such as `env`, is said of every
   * task. `true` stands for the Dag's `defaultArgs.cache`, or else `{}`. Default: each task has records of its own.
   */
  readonly cache?: boolean | TransactionCacheConfig;
  /**
   * `serializable`: one run at a time is in the transaction. It takes a lock before the first task is looked up, and
   * keeps it until the transaction has ended; other runs wait, and take no slot. Default: `read_committed`, within the
   * lock of a transaction around it.
   */
  readonly isolation?: "read_committed" | "serializable";
  /** How the lock is taken. Default: from the deployment's lock store, waited for without limit. */
  readonly lock?: LockSettings;
  /**
   * Fields of the context with a lock for each of their values, such as `logicalDate`: runs with other values do not
   * wait. Default: none, so that all runs of the Dag exclude each other.
   */
  readonly includeInputs?: readonly string[];
}

/** The options of a transaction after reading. */
export interface TransactionSettings {
  readonly isEager: boolean;
  readonly failOn: "any" | "leaves";
  readonly callbacks: ReadonlyMap<TransactionEvent, AnyCallback>;
  /** Of the one record of all tasks; `null`: there is none. */
  readonly cache: SerializedCacheConfig | null;
  /** `null`: any number of runs may be in it. */
  readonly isolation: TransactionIsolation | null;
  /** The result that decides, once it is declared, and the path of the answer in it. */
  decidedBy: { readonly taskId: string; readonly path: readonly (string | number)[] } | null;
}

const NAMES = [
  "commit",
  "failOn",
  "cache",
  "isolation",
  "lock",
  "includeInputs",
  ...Object.values(TRANSACTION_OPTIONS),
] as const;

/**
 * Reads the options of a transaction.
 * @param meansTrue the Dag's `defaultArgs.cache`
 * @throws MemodagError `dag_invalid` naming the invalid option
 */
export function readTransactionOptions(
  place: FaultPlace,
  value: unknown,
  around: TransactionSettings | undefined,
  meansTrue: unknown,
): TransactionSettings {
  const reader = new OptionReader(place, "", value ?? {}, NAMES);
  const callbacks = readCallbacks(reader, TRANSACTION_OPTIONS);
  const isEager = readCommit(reader, around);
  if (isEager && callbacks.has("rollback")) {
    throw reader.fault("onRollback", {
      problem: "is set, and the transaction is eager, which undoes nothing",
      fix: 'use commit: "lazy", or remove onRollback',
    });
  }
  const failOn = reader.choice("failOn", ["any", "leaves"]) ?? "any";
  const cache = readCache(place, reader, meansTrue);
  const isolation = readIsolation(place, reader);
  return { isEager, failOn, callbacks, cache, isolation, decidedBy: null };
}

function readIsolation(place: FaultPlace, reader: OptionReader): TransactionIsolation | null {
  const isSerializable = reader.choice("isolation", ["read_committed", "serializable"]) === "serializable";
  const lock = readLock(place, reader, "", isSerializable);
  const includeInputs = readContextPaths(reader);
  if (isSerializable) return { ...lock, ...(includeInputs.length > 0 && { includeInputs }) };
  if (includeInputs.length === 0) return null;
  throw reader.fault("includeInputs", {
    problem: "says which runs exclude each other, and the transaction has no lock",
    fix: 'add isolation: "serializable", or remove includeInputs; for the key of its record, set cache.includeInputs',
  });
}

/** Options that say something of one task's key or lock. */
function readCache(
  place: FaultPlace,
  reader: OptionReader,
  meansTrue: unknown,
): SerializedCacheConfig | null {
  const read = readCacheConfig(place, reader, meansTrue);
  if (!read) return null;
  const { config } = read;
  const wrong = [
    config.key && "key",
    config.reads && "reads",
    config.share !== undefined && "share",
    config.projections && "inputs",
    config.excludeInputs.length > 0 && "excludeInputs",
    config.ignoreSource && "source",
    config.serialize && "isolation",
    config.errorsTtlMs !== null && "errors",
    read.hasNoInputs && "policy",
  ].find((name) => typeof name === "string");
  if (wrong === undefined) return config;
  throw reader.fault("cache", {
    problem: `sets ${wrong}, which is for tasks alone`,
    fix: `remove it${reader.get("cache") === true ? " from defaultArgs.cache, or use cache: {}" : ""}`,
  });
}

function readCommit(reader: OptionReader, around: TransactionSettings | undefined): boolean {
  const commit = reader.get("commit");
  if (commit === undefined) return around?.isEager === true;
  if (commit === "lazy" || commit === "eager") return commit === "eager";
  throw reader.wrong(
    "commit",
    commit,
    'use "lazy" or "eager"; to let a task decide, call commitWhen() of the transaction',
  );
}
