// Opens cache backends by their names in the config.

import { setTimeout as rest } from "node:timers/promises";
import { join } from "node:path";
import type { Config, LoadedConfig } from "@memodag/config";
import { MemodagError, messageOf, systemClock, type Logger } from "@memodag/core";
import {
  LazyBackend,
  openBackendModule,
  parseBackendOptions,
  requireBackendModule,
  type CacheBackendModule,
  type OpenedBackend,
  type RecordStore,
  type ResultStore,
  type StoreName,
} from "@memodag/result-cache";
import { openDatabase } from "./database.ts";
import { resolveFrom } from "./resolve-from.ts";

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
  readonly metadata: { readonly records: RecordStore; readonly results: ResultStore };
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
  switch (choice.name) {
    case "metadata-db": {
      const url = ownCacheUrl(config);
      // Reads do not block on either database: SQLite reads alongside writers in WAL mode, and PostgreSQL
      // cancels a query with its signal. A second connection to the same SQLite file would be worse, since
      // the two could block the single thread against each other.
      if (url === undefined) return unclosed(parts.metadata, true);
      return keeping(new LazyBackend(() => openCacheDatabase(url, config)), true);
    }
    case "memory": {
      const { MemoryRecordStore, MemoryResultStore } = await import("@memodag/result-cache");
      const stores = { records: new MemoryRecordStore(systemClock), results: new MemoryResultStore() };
      return unclosed(stores, false);
    }
    case "filesystem": {
      const { FilesystemRecordStore, FilesystemResultStore } = await import("@memodag/result-cache");
      const root = cacheFolder(config);
      const records = new FilesystemRecordStore(root, systemClock);
      return unclosed({ records, results: new FilesystemResultStore(root, systemClock) }, true);
    }
    default:
      return await openModule(choice, parts);
  }
}

function unclosed({ records, results }: BackendParts["metadata"], keepsValues: boolean): OpenBackend {
  return { records, results, keepsValues, close: async () => undefined };
}

function keeping(backend: LazyBackend, keepsValues: boolean): OpenBackend {
  const { records, results } = backend;
  return { records, results, keepsValues, close: () => backend.close() };
}

const SHORTEST_CONNECT_MS = 1_000;

/** A call never blocks the thread, or continues on the server, for longer than the cache's timeout. */
async function openCacheDatabase(url: string, { taskCache }: Config): Promise<OpenedBackend> {
  const { lookupTimeout, storeTimeout } = taskCache;
  try {
    return await openDatabase(url, {
      sqlite: { busyTimeoutMs: Math.floor(lookupTimeout / 2) },
      postgres: {
        statementTimeoutMs: Math.max(lookupTimeout, storeTimeout),
        connectTimeoutMs: Math.max(lookupTimeout, SHORTEST_CONNECT_MS),
      },
    });
  } catch (error) {
    throw new MemodagError("cache_backend_failed", `[task_cache] url: ${messageOf(error)}`, { cause: error });
  }
}

const BUILT_IN: ReadonlySet<string> = new Set(["metadata-db", "memory", "filesystem"]);

/**
 * Loads the modules that a config names, and checks their options; opens none.
 * @throws MemodagError `config_invalid` with every fault of the options
 */
export async function checkBackendModules({ config, projectDir }: LoadedConfig): Promise<void> {
  const { core, taskCache } = config;
  const name = core.taskCacheBackend;
  const resultName = taskCache.resultStore ?? name;
  const choices: BackendChoice[] = [
    { name, stores: resultName === name ? ["records", "results"] : ["records"], key: BACKEND_KEY },
  ];
  if (resultName !== name) choices.push({ name: resultName, stores: ["results"], key: RESULT_STORE_KEY });
  for (const choice of choices) {
    if (BUILT_IN.has(choice.name)) continue;
    const { optionsSchema } = await loadModule(choice, projectDir);
    await parseBackendOptions(optionsSchema, taskCache.backendOptions);
  }
}

async function loadModule(
  { name, stores, key }: BackendChoice,
  projectDir: string,
): Promise<CacheBackendModule> {
  const setting = `${key} = "${name}"`;
  return requireBackendModule(await importModule(name, projectDir, setting), setting, stores);
}

async function openModule({ name, stores, key }: BackendChoice, parts: BackendParts): Promise<OpenBackend> {
  const { config, projectDir } = parts.loaded;
  const setting = `${key} = "${name}"`;
  const module = await loadModule({ name, stores, key }, projectDir);
  const { lookupTimeout: lookupTimeoutMs, storeTimeout: storeTimeoutMs, backendOptions } = config.taskCache;
  const options = {
    options: await parseBackendOptions(module.optionsSchema, backendOptions),
    projectDir,
    lookupTimeoutMs,
    storeTimeoutMs,
    clock: systemClock,
    log: parts.log,
  };
  const backend = new LazyBackend(() => openBackendModule(module, options, stores, setting));
  await refuseNoBackend(backend, lookupTimeoutMs);
  return keeping(backend, module.keepsValues === true || module.openByteStore !== undefined);
}

async function importModule(name: string, projectDir: string, setting: string): Promise<unknown> {
  try {
    return await import(resolveFrom(projectDir, name));
  } catch (error) {
    throw new MemodagError(
      "config_invalid",
      `${setting}: the module cannot be loaded from ${projectDir} (${messageOf(error)}): write "metadata-db", ` +
        '"memory", "filesystem", the path of a module or the name of an installed package',
      { cause: error, fields: { name, projectDir } },
    );
  }
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
