// A cache backend from outside this repository: what its module exports, and what is refused.

import { MemodagError, type ByteStore, type Clock, type Logger } from "@memodag/core";
import type { OptionsSchema } from "./backend-options.ts";
import type { LeaseStore } from "./lease-store.ts";
import { ByteResultStore } from "./bytes/byte-result-store.ts";
import { withCatalog, type AnyRecords } from "./record-catalog.ts";
import type { RecordCatalog, RecordLookup, RecordStore } from "./record-store.ts";
import type { ResultStore } from "./result-store.ts";

/** Options for opening a backend. Times in milliseconds. */
export interface CacheBackendOptions<Options = string> {
  /**
   * `[task_cache] backend_options`: what `optionsSchema` made of it or, without one, as written. An empty string when
   * unset.
   */
  readonly options: Options;
  /** Absolute; what relative paths in `options` start from. */
  readonly projectDir: string;
  /** A lookup that takes longer is given up, by the signal of its call. */
  readonly lookupTimeoutMs: number;
  /** Storing one result that takes longer is given up. */
  readonly storeTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * The scope of the records and leases, which must be apart from those of every other scope; results need not be.
   * Absent: the scope `default`. Only a module that exports `keepsScopes` is given one.
   */
  readonly scope?: string;
}

/**
 * An open backend. One of the stores may be left out by a backend that is only ever asked for the
 * other one, by `[core] task_cache_backend` or by `[task_cache] result_store`.
 */
export interface CacheBackend {
  /** With a catalog in the same object, or without one. */
  readonly records?: RecordLookup | RecordStore;
  /** Where it is an object of its own, which takes all of a page; absent: `records` has it, or there is none. */
  readonly catalog?: RecordCatalog;
  readonly results?: ResultStore;
  /** Called once, when nothing is asked any more. */
  close(): Promise<void>;
}

/**
 * The exports of a backend's module that are used; it may have others. The contract of its stores is exported as
 * tests by `@memodag/result-cache/testing`.
 *
 * @example
 * // my-backend.mjs, with `task_cache_backend = "./my-backend.mjs"`
 * export async function openCacheBackend({ options, clock, log }) {
 *   const client = await connect(options);
 *   return { records: new MyRecords(client), results: new MyResults(client), close: () => client.end() };
 * }
 */
export interface CacheBackendModule<Options = never> {
  /**
   * True: results stay until they are deleted, in reach of every process of the deployment. Then XComs of cached tasks
   * refer to them where they are. Otherwise runs have their values in the metadata database as well.
   */
  readonly keepsValues?: boolean;
  /** True: the module keeps records and leases of each `scope` of its options apart. */
  readonly keepsScopes?: boolean;
  /**
   * Opens the backend. What it rejects with is one failed lookup: it is called again for the next, so a
   * backend that is away at first is used as soon as it is there.
   */
  openCacheBackend?(options: CacheBackendOptions<Options>): CacheBackend | Promise<CacheBackend>;
  /**
   * Opens a store of bytes of any size, which then has the results. A byte store keeps what it has, so that runs refer
   * to values there. A module that is only named as `result_store` needs nothing else.
   */
  openByteStore?(options: CacheBackendOptions<Options>): ByteStore | Promise<ByteStore>;
  /**
   * Opens a store of leases, for `[task_cache] lock_store` and for tasks that name it in `lock: { store }`. A module
   * that is only used for locks needs nothing else.
   */
  openLeaseStore?(options: CacheBackendOptions<Options>): LeaseStore | Promise<LeaseStore>;
  /** Checks `backend_options`: any schema of the Standard Schema interface, such as zod's. */
  readonly optionsSchema?: OptionsSchema<Options>;
}

/** A backend that has the stores that it was asked for; its records have every method of a catalog. */
export interface OpenedBackend {
  readonly records?: RecordStore;
  readonly results?: ResultStore;
  close(): Promise<void>;
}

type RequiredName<T> = { [Name in keyof T]-?: object extends Pick<T, Name> ? never : Name }[keyof T];

// As records, so that a method that is added to an interface must be added here.
const LOOKUP_METHODS: Readonly<Record<RequiredName<RecordLookup>, true>> = {
  find: true,
  put: true,
  touch: true,
};
const CATALOG_METHODS: Readonly<Record<RequiredName<RecordCatalog>, true>> = {
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

/** The methods that every catalog has. */
export const RECORD_CATALOG_METHODS: readonly string[] = Object.keys(CATALOG_METHODS);

/** The methods that every record store has. */
export const RECORD_STORE_METHODS: readonly string[] = [
  ...Object.keys(LOOKUP_METHODS),
  ...RECORD_CATALOG_METHODS,
];

/** The methods that every result store has. */
export const RESULT_STORE_METHODS: readonly string[] = Object.keys(RESULT_METHODS);

/** Which store of a backend is meant. */
export type StoreName = "records" | "results";

/**
 * Takes what a module exports for a backend's.
 * @param setting the config's key and what stands there, for the message
 * @param stores what it is to be asked for; default: both. None: any of the functions of a backend is enough
 * @throws MemodagError `config_invalid`
 */
export function requireBackendModule(
  module: unknown,
  setting: string,
  stores: readonly StoreName[] = ["records", "results"],
): CacheBackendModule {
  if (isObject(module)) {
    requireSchema(module["optionsSchema"], setting);
    if (typeof module["openCacheBackend"] === "function") return module as CacheBackendModule;
    const isEnough = typeof module["openByteStore"] === "function" && !stores.includes("records");
    const isForLocks = typeof module["openLeaseStore"] === "function" && stores.length === 0;
    if (isEnough || isForLocks) return module as CacheBackendModule;
  }
  throw new MemodagError(
    "config_invalid",
    `${setting}: the module exports no function openCacheBackend: export one that returns ` +
      "{ records, results, close }",
  );
}

function requireSchema(schema: unknown, setting: string): void {
  if (schema === undefined) return;
  const standard = (schema as Readonly<Record<string, unknown>> | null)?.["~standard"];
  if (isObject(standard) && typeof standard["validate"] === "function") return;
  throw new MemodagError(
    "config_invalid",
    `${setting}: the module's optionsSchema is no schema: export one of a library with the Standard Schema interface`,
  );
}

/**
 * Opens the stores of a module.
 * @throws MemodagError `config_invalid` when it lacks one; what the module throws
 */
export async function openBackendModule(
  module: CacheBackendModule,
  options: CacheBackendOptions<unknown>,
  stores: readonly StoreName[],
  setting: string,
): Promise<OpenedBackend> {
  const opening = options as CacheBackendOptions<never>;
  const bytes = stores.includes("results") ? await module.openByteStore?.(opening) : undefined;
  const rest = bytes ? stores.filter((store) => store !== "results") : stores;
  if (rest.length === 0 && bytes) return { results: new ByteResultStore(bytes), close: () => bytes.close() };
  const backend = requireBackend(await module.openCacheBackend?.(opening), rest, setting);
  if (!bytes) return backend;
  return {
    ...backend,
    results: new ByteResultStore(bytes),
    async close() {
      await bytes.close();
      await backend.close();
    },
  };
}

/**
 * Takes what `openCacheBackend` came to for a backend that has the stores which it is asked for.
 * @throws MemodagError `config_invalid`, naming what is missing
 */
export function requireBackend(
  opened: unknown,
  stores: readonly StoreName[],
  setting: string,
): OpenedBackend {
  const missing = isObject(opened) ? missingIn(opened, stores) : [...stores, "close()"];
  if (missing.length > 0) {
    throw new MemodagError(
      "config_invalid",
      `${setting}: what openCacheBackend returned has no ${missing.join(", ")}: see CacheBackend of ` +
        "@memodag/result-cache",
      { fields: { missing } },
    );
  }
  const { records, catalog, results, close } = opened as CacheBackend & { readonly records?: AnyRecords };
  return {
    ...(records && { records: withCatalog(records, catalog, setting) }),
    ...(results && { results }),
    close: () => close.call(opened),
  };
}

function missingIn(opened: Readonly<Record<string, unknown>>, stores: readonly StoreName[]): string[] {
  const missing = stores.flatMap((store) => {
    const found = opened[store];
    if (!isObject(found)) return [store];
    return missingOf(found, store).map((name) => `${store}.${name}()`);
  });
  const { catalog } = opened;
  if (catalog !== undefined)
    for (const name of absentFrom(catalog, RECORD_CATALOG_METHODS)) missing.push(`catalog.${name}()`);
  return typeof opened["close"] === "function" ? missing : [...missing, "close()"];
}

function missingOf(found: Readonly<Record<string, unknown>>, store: StoreName): string[] {
  if (store === "results") return absentFrom(found, RESULT_STORE_METHODS);
  // The earlier name of touch.
  const isCounted = typeof found["countHits"] === "function";
  const lookup = absentFrom(found, Object.keys(LOOKUP_METHODS)).filter(
    (name) => name !== "touch" || !isCounted,
  );
  // A catalog is whole, or it is none.
  const catalog = absentFrom(found, RECORD_CATALOG_METHODS);
  return catalog.length < RECORD_CATALOG_METHODS.length ? [...lookup, ...catalog] : lookup;
}

function absentFrom(found: unknown, methods: readonly string[]): string[] {
  return methods.filter((name) => !isObject(found) || typeof found[name] !== "function");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
