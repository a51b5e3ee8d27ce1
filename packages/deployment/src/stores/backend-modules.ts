// Loads the modules that a config names for its cache and its stores, and checks their options.

import type { LoadedConfig, StoreConfig } from "@memodag/config";
import { importModule, MemodagError, messageOf, systemClock, type Logger } from "@memodag/core";
import {
  parseBackendOptions,
  requireBackendModule,
  type CacheBackendModule,
  type CacheBackendOptions,
  type StoreName,
} from "@memodag/result-cache";
import { resolveFrom } from "./resolve-from.ts";

/** A module that the config names. */
export interface NamedModule {
  readonly specifier: string;
  /** The key and its value, for messages. */
  readonly setting: string;
  /** The stores it is asked for. */
  readonly stores: readonly StoreName[];
  readonly options: StoreConfig["options"];
  /** The key that has the options, for messages. */
  readonly optionsKey: string;
}

/** Kinds that have packages of their own: nothing of their SDKs is installed with memodag. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ["s3", "@memodag/s3"],
  ["gcs", "@memodag/gcs"],
  ["redis", "@memodag/redis"],
]);

/** Kinds that memodag has itself. */
export const BUILT_IN: ReadonlySet<string> = new Set(["metadata-db", "memory", "filesystem"]);

/** The module of a store that memodag does not have itself. */
export function moduleOfStore(
  { name, kind, options }: StoreConfig,
  index: number,
  stores: readonly StoreName[],
): NamedModule {
  const specifier = PACKAGES.get(kind) ?? kind;
  const optionsKey = PACKAGES.has(kind) ? `stores[${index}]` : `stores[${index}].options`;
  return { specifier, setting: `[[stores]] "${name}", kind = "${kind}"`, stores, options, optionsKey };
}

/** @throws MemodagError `config_invalid` for one that cannot be loaded or lacks an export */
export async function loadBackendModule(
  { specifier, setting, stores }: NamedModule,
  projectDir: string,
): Promise<CacheBackendModule> {
  return requireBackendModule(await loadModule(specifier, projectDir, setting), setting, stores);
}

/** The options that a module is opened with. */
export async function openOptions(
  module: CacheBackendModule,
  { options, optionsKey }: NamedModule,
  { config, projectDir }: LoadedConfig,
  log: Logger,
): Promise<CacheBackendOptions<unknown>> {
  const { lookupTimeout: lookupTimeoutMs, storeTimeout: storeTimeoutMs } = config.taskCache;
  return {
    options: await parseBackendOptions(module.optionsSchema, options, optionsKey),
    projectDir,
    lookupTimeoutMs,
    storeTimeoutMs,
    clock: systemClock,
    log,
  };
}

async function loadModule(specifier: string, projectDir: string, setting: string): Promise<unknown> {
  const isOurs = [...PACKAGES.values()].includes(specifier);
  try {
    return await importModule(await resolveOurs(specifier, projectDir, isOurs));
  } catch (error) {
    const isMissing = (error as { readonly code?: unknown }).code === "ERR_MODULE_NOT_FOUND";
    const fix =
      isOurs && isMissing
        ? `install it: \`npm install ${specifier}\``
        : 'write "metadata-db", "memory", "filesystem", the name of a store in [[stores]], the path of a module or ' +
          "the name of an installed package";
    throw new MemodagError(
      "config_invalid",
      `${setting}: the module ${specifier} cannot be loaded from ${projectDir} (${messageOf(error)}): ${fix}`,
      { cause: error, fields: { name: specifier, projectDir } },
    );
  }
}

/** A package of ours may be installed beside a memodag that is not the project's, such as a global one. */
async function resolveOurs(specifier: string, projectDir: string, isOurs: boolean): Promise<string> {
  try {
    return await resolveFrom(projectDir, specifier);
  } catch (error) {
    if (!isOurs) throw error;
    return await resolveFrom(import.meta.dirname, specifier);
  }
}
