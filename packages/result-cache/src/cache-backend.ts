// A cache backend from outside this repository: what its module exports, and what is refused.

import { MemodagError, type Clock, type Logger } from "@memodag/core";
import type { RecordStore } from "./record-store.ts";
import type { ResultStore } from "./result-store.ts";

/** What a backend is opened with. Times in milliseconds. */
export interface CacheBackendOptions {
  /** `[task_cache] backend_options` as written: what it means is the backend's to say. Empty when unset. */
  readonly options: string;
  /** Absolute; what relative paths in `options` start from. */
  readonly projectDir: string;
  /** A lookup that takes longer is given up, by the signal of its call. */
  readonly lookupTimeoutMs: number;
  /** Storing one result that takes longer is given up. */
  readonly storeTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * An open backend. One of the stores may be left out by a backend that is only ever asked for the
 * other one, by `[core] task_cache_backend` or by `[task_cache] result_store`.
 */
export interface CacheBackend {
  readonly records?: RecordStore;
  readonly results?: ResultStore;
  /** Called once, when nothing is asked any more. */
  close(): Promise<void>;
}

/**
 * What the module of a backend exports, besides whatever else. The contract of its stores is exported as
 * tests by `@memodag/result-cache/testing`.
 *
 * @example
 * // my-backend.mjs, with `task_cache_backend = "./my-backend.mjs"`
 * export async function openCacheBackend({ options, clock, log }) {
 *   const client = await connect(options);
 *   return { records: new MyRecords(client), results: new MyResults(client), close: () => client.end() };
 * }
 */
export interface CacheBackendModule {
  /**
   * True: results stay until they are deleted, in reach of every process of the deployment. Then XComs of cached tasks
   * refer to them where they are. Otherwise runs have their values in the metadata database as well.
   */
  readonly keepsValues?: boolean;
  /**
   * Opens the backend. What it rejects with is one failed lookup: it is called again for the next, so a
   * backend that is away at first is used as soon as it is there.
   */
  openCacheBackend(options: CacheBackendOptions): CacheBackend | Promise<CacheBackend>;
}

type RequiredName<T> = { [Name in keyof T]-?: object extends Pick<T, Name> ? never : Name }[keyof T];

// As records, so that a method that is added to an interface must be added here.
const RECORD_METHODS: Readonly<Record<RequiredName<RecordStore>, true>> = {
  find: true,
  put: true,
  countHits: true,
  list: true,
  stats: true,
  count: true,
  purge: true,
};
const RESULT_METHODS: Readonly<Record<RequiredName<ResultStore>, true>> = {
  read: true,
  write: true,
  delete: true,
};

/** The methods that every record store has. */
export const RECORD_STORE_METHODS: readonly string[] = Object.keys(RECORD_METHODS);

/** The methods that every result store has. */
export const RESULT_STORE_METHODS: readonly string[] = Object.keys(RESULT_METHODS);

/** Which store of a backend is meant. */
export type StoreName = "records" | "results";

/**
 * Takes what a module exports for a backend's.
 * @param setting the config's key and what stands there, for the message
 * @throws MemodagError `config_invalid`
 */
export function requireBackendModule(module: unknown, setting: string): CacheBackendModule {
  if (isObject(module) && typeof module["openCacheBackend"] === "function") {
    return module as unknown as CacheBackendModule;
  }
  throw new MemodagError(
    "config_invalid",
    `${setting}: the module exports no function openCacheBackend: export one that returns ` +
      "{ records, results, close }",
  );
}

/**
 * Takes what `openCacheBackend` came to for a backend that has the stores which it is asked for.
 * @throws MemodagError `config_invalid`, naming what is missing
 */
export function requireBackend(opened: unknown, stores: readonly StoreName[], setting: string): CacheBackend {
  const missing = isObject(opened) ? missingIn(opened, stores) : [...stores, "close()"];
  if (missing.length === 0) return opened as CacheBackend;
  throw new MemodagError(
    "config_invalid",
    `${setting}: what openCacheBackend returned has no ${missing.join(", ")}: see CacheBackend of ` +
      "@memodag/result-cache",
    { fields: { missing } },
  );
}

function missingIn(opened: Readonly<Record<string, unknown>>, stores: readonly StoreName[]): string[] {
  const missing = stores.flatMap((store) => {
    const found = opened[store];
    const methods = store === "records" ? RECORD_STORE_METHODS : RESULT_STORE_METHODS;
    if (!isObject(found)) return [store];
    return methods.filter((name) => typeof found[name] !== "function").map((name) => `${store}.${name}()`);
  });
  return typeof opened["close"] === "function" ? missing : [...missing, "close()"];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
