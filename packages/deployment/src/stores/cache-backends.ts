// Opens cache backends by their names in the config.

import { setTimeout as rest } from "node:timers/promises";
import { join } from "node:path";
import type { Config, LoadedConfig, StoreConfig } from "@memodag/config";
import { MemodagError, messageOf, systemClock, type ByteStore, type Logger } from "@memodag/core";
import type { Metastore } from "@memodag/metastore";
import {
  DEFAULT_SCOPE,
  LazyBackend,
  NotedResults,
  hasNoScopes,
  openBackendModule,
  parseBackendOptions,
  type CacheBackendModule,
  type OpenedBackend,
  type OutsideScope,
  type RecordStore,
  type ResultStore,
  type StoreName,
  type WrittenResults,
} from "@memodag/result-cache";
import {
  BUILT_IN,
  loadBackendModule,
  moduleOfStore,
  openOptions,
  type NamedModule,
} from "./backend-modules.ts";
import { openDatabase } from "./database.ts";
import { recordsInScopes, scopesOf, type OutsideScopes } from "./scopes.ts";

/** The config's key that names the cache's backend. */
export const BACKEND_KEY = "core.task_cache_backend";

/** The config's key that names another store for results. */
export const RESULT_STORE_KEY = "task_cache.result_store";

/** A backend for the selected stores, and the config key that names it. */
export interface BackendChoice {
  readonly name: string;
  readonly stores: readonly StoreName[];
  readonly key: string;
}

/** A backend with both stores; those of a module may turn out to be missing when they are used. */
export interface OpenBackend extends Required<OpenedBackend> {
  /** True when runs may refer to values in `results`: they stay there until they are deleted. */
  readonly keepsValues: boolean;
}

/** The inputs for opening backends. */
export interface BackendParts {
  readonly loaded: LoadedConfig;
  readonly metadata: {
    readonly records: RecordStore;
    readonly results: ResultStore;
    readonly bytes: ByteStore;
    readonly written: WrittenResults;
  };
  /** Scopes of other databases. */
  readonly outside: OutsideScopes;
  readonly log: Logger;
}

/** Where the backend "filesystem" keeps records and results. */
export function cacheFolder({ core }: Config): string {
  return join(core.stateDir, "cache");
}

/** The URL of the cache's own database; undefined when it uses the metadata database. */
export function ownCacheUrl({ taskCache, database }: Config): string | undefined {
  return taskCache.url === database.url ? undefined : taskCache.url;
}

/**
 * Opens a backend. The caller keeps ownership of the metadata database.
 * @throws MemodagError `config_invalid` for a module that does not exist or is not a backend.
 */
export async function openBackend(choice: BackendChoice, parts: BackendParts): Promise<OpenBackend> {
  const { config } = parts.loaded;
  const index = config.stores.findIndex(({ name }) => name === choice.name);
  const store = config.stores[index];
  if (store) return await openStoreBackend(store, index, choice, parts);
  switch (choice.name) {
    case "metadata-db": {
      const url = ownCacheUrl(config);
      // Reads do not block on either database: SQLite reads alongside writers in WAL mode, and PostgreSQL
      // cancels a query with its signal. A second connection to the same SQLite file would be worse, since
      // the two could block the single thread against each other.
      if (url === undefined) return unclosed(parts.metadata, true);
      const outside = parts.outside.byName;
      return keeping(new LazyBackend(() => openCacheDatabase(url, config, outside)), true);
    }
    case "memory":
      return await openMemory(parts);
    case "filesystem": {
      const { FilesystemRecordStore, FilesystemResultStore } = await import("@memodag/result-cache");
      const root = cacheFolder(config);
      const records = recordsInScopes(
        config,
        parts.outside.byName,
        (scope) => new FilesystemRecordStore(root, systemClock, scope),
      );
      return unclosed({ records, results: new FilesystemResultStore(root, systemClock) }, true);
    }
    default:
      return await openModule(choice, moduleOfChoice(choice, config), parts);
  }
}

/** A store of [[stores]] as a backend: its records and its bytes. */
async function openStoreBackend(
  store: StoreConfig,
  index: number,
  choice: BackendChoice,
  parts: BackendParts,
): Promise<OpenBackend> {
  switch (store.kind) {
    case "metadata-db": {
      const { ByteResultStore } = await import("@memodag/result-cache");
      const { records, bytes } = parts.metadata;
      return unclosed({ records, results: new ByteResultStore(bytes) }, true);
    }
    case "memory":
      return await openMemory(parts);
    case "filesystem": {
      const { ByteResultStore, FilesystemByteStore, FilesystemRecordStore } =
        await import("@memodag/result-cache");
      const root = folderOfStore(store);
      const bytes = new FilesystemByteStore(root, systemClock);
      const records = recordsInScopes(
        parts.loaded.config,
        parts.outside.byName,
        (scope) => new FilesystemRecordStore(root, systemClock, scope),
      );
      return unclosed({ records, results: new ByteResultStore(bytes) }, true);
    }
    default:
      return await openModule(choice, moduleOfStore(store, index, choice.stores), parts);
  }
}

/** The folder of a store of kind `filesystem`, which the config requires. */
export function folderOfStore({ options }: StoreConfig): string {
  return typeof options === "object" ? String(options["path"]) : "";
}

async function openMemory({ loaded, outside }: BackendParts): Promise<OpenBackend> {
  const { MemoryRecordStore, MemoryResultStore } = await import("@memodag/result-cache");
  const open = (): RecordStore => new MemoryRecordStore(systemClock);
  const records = recordsInScopes(loaded.config, outside.byName, open);
  return unclosed({ records, results: new MemoryResultStore() }, false);
}

function moduleOfChoice({ name, stores, key }: BackendChoice, { taskCache }: Config): NamedModule {
  return {
    specifier: name,
    setting: `${key} = "${name}"`,
    stores,
    options: taskCache.backendOptions,
    optionsKey: "task_cache.backend_options",
  };
}

function unclosed(
  { records, results }: Required<Omit<OpenedBackend, "close">>,
  keepsValues: boolean,
): OpenBackend {
  return { records, results, keepsValues, close: async () => undefined };
}

function keeping(backend: LazyBackend, keepsValues: boolean): OpenBackend {
  const { records, results } = backend;
  return { records, results, keepsValues, close: () => backend.close() };
}

/** The records of a database for the scopes of a config. */
export function recordsOf(
  database: Pick<Metastore, "records" | "openRecords">,
  config: Config,
  outside: ReadonlyMap<string, OutsideScope>,
): RecordStore {
  const scopes = scopesOf(config);
  return hasNoScopes(scopes) ? database.records : database.openRecords(scopes, outside);
}

const SHORTEST_CONNECT_MS = 1_000;

/** A call never blocks the thread, or continues on the server, for longer than the cache's timeout. */
async function openCacheDatabase(
  url: string,
  config: Config,
  outside: ReadonlyMap<string, OutsideScope>,
): Promise<OpenedBackend> {
  const { lookupTimeout, storeTimeout } = config.taskCache;
  try {
    const database = await openDatabase(url, {
      sqlite: { busyTimeoutMs: Math.floor(lookupTimeout / 2) },
      postgres: {
        statementTimeoutMs: Math.max(lookupTimeout, storeTimeout),
        connectTimeoutMs: Math.max(lookupTimeout, SHORTEST_CONNECT_MS),
      },
    });
    const records = recordsOf(database, config, outside);
    return { records, results: database.results, close: () => database.close() };
  } catch (error) {
    throw new MemodagError("cache_backend_failed", `[task_cache] url: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Loads the modules that a config names, and checks their options; opens none.
 * @throws MemodagError `config_invalid` with every fault of all of them
 */
export async function checkBackendModules({ config, projectDir }: LoadedConfig): Promise<void> {
  const { core, taskCache } = config;
  const name = core.taskCacheBackend;
  const resultName = taskCache.resultStore ?? name;
  const choices: BackendChoice[] = [
    { name, stores: resultName === name ? ["records", "results"] : ["records"], key: BACKEND_KEY },
  ];
  if (resultName !== name) choices.push({ name: resultName, stores: ["results"], key: RESULT_STORE_KEY });
  const modules = choices
    .filter(
      (choice) => !BUILT_IN.has(choice.name) && !config.stores.some((store) => store.name === choice.name),
    )
    .map((choice) => moduleOfChoice(choice, config));
  for (const [index, store] of config.stores.entries()) {
    if (BUILT_IN.has(store.kind)) continue;
    const stores = choices.find((choice) => choice.name === store.name)?.stores ?? [];
    modules.push(moduleOfStore(store, index, stores));
  }
  await requireSoundModules(modules, projectDir);
}

async function requireSoundModules(modules: readonly NamedModule[], projectDir: string): Promise<void> {
  const faults: MemodagError[] = [];
  for (const named of modules) {
    try {
      const { optionsSchema } = await loadBackendModule(named, projectDir);
      await parseBackendOptions(optionsSchema, named.options, named.optionsKey);
    } catch (error) {
      if (!(error instanceof MemodagError)) throw error;
      faults.push(error);
    }
  }
  const [first, ...others] = faults;
  if (first && others.length === 0) throw first;
  if (!first) return;
  throw new MemodagError("config_invalid", faults.map(({ message }) => message).join("\n"), {
    fields: { faults: faults.map(({ message }) => message) },
  });
}

async function openModule(
  { name: store }: BackendChoice,
  named: NamedModule,
  parts: BackendParts,
): Promise<OpenBackend> {
  const { config, projectDir } = parts.loaded;
  const module = await loadBackendModule(named, projectDir);
  const options = await openOptions(module, named, parts.loaded, parts.log);
  requireScopes(module, named, config);
  const open = (scope: string): LazyBackend =>
    new LazyBackend(() =>
      openBackendModule(
        module,
        scope === DEFAULT_SCOPE ? options : { ...options, scope },
        named.stores,
        named.setting,
      ),
    );
  const backends = new Map<string, LazyBackend>();
  const backendOf = (scope: string): LazyBackend => {
    const backend = backends.get(scope) ?? open(scope);
    backends.set(scope, backend);
    return backend;
  };
  const own = backendOf(scopesOf(config).own);
  await refuseNoBackend(own, config.taskCache.lookupTimeout);
  const results = module.openByteStore
    ? notedResults(own.results, store, parts.metadata.written)
    : own.results;
  return {
    records: recordsInScopes(config, parts.outside.byName, (scope) => backendOf(scope).records),
    results,
    keepsValues: module.openByteStore !== undefined || module.keepsValues === true,
    close: async () => {
      await Promise.all(Array.from(backends.values(), (backend) => backend.close()));
    },
  };
}

/** A module that does not know of scopes would give records of one to another. */
function requireScopes(
  { keepsScopes }: CacheBackendModule,
  { stores, setting }: NamedModule,
  config: Config,
): void {
  if (!stores.includes("records") || hasNoScopes(scopesOf(config)) || keepsScopes === true) return;
  throw new MemodagError(
    "config_invalid",
    `${setting}: the module does not keep the records of scopes apart, and [scope] is in use: ` +
      "name another store for records, or a version of the module that exports keepsScopes = true",
  );
}

/** Results in the byte store of a module, which may be expensive to list. */
export function notedResults(results: ResultStore, store: string, notes: WrittenResults): NotedResults {
  return new NotedResults({ results, store, notes, clock: systemClock });
}

/**
 * A module that is not a backend is reported immediately; one that is unreachable or slow does not delay the
 * start.
 */
async function refuseNoBackend(backend: LazyBackend, waitMs: number): Promise<void> {
  const waited = new AbortController();
  try {
    await Promise.race([backend.opened(), rest(waitMs, undefined, { signal: waited.signal })]);
  } catch (error) {
    if (error instanceof MemodagError && error.code === "config_invalid") throw error;
  } finally {
    waited.abort();
  }
}
