// Opens the record store and the result store that the config names for the cache.

import type { Config, LoadedConfig } from "@memodag/config";
import { systemClock, type ByteStore, type Logger } from "@memodag/core";
import {
  FilesystemResultStore,
  Values,
  type OutsideScope,
  type RecordStore,
  type ResultStore,
} from "@memodag/result-cache";
import type { Metastore } from "@memodag/metastore";
import { openOutsideScopes, type OutsideScopes } from "./scopes.ts";
import { NamedStores } from "./named-stores.ts";
import { openByteStores, type ByteStores } from "./byte-stores.ts";
import {
  BACKEND_KEY,
  RESULT_STORE_KEY,
  cacheFolder,
  openBackend,
  ownCacheUrl,
  recordsOf,
  type BackendParts,
  type OpenBackend,
} from "./cache-backends.ts";

/** The stores of the cache. */
export interface CacheStores {
  readonly records: RecordStore;
  readonly results: ResultStore;
  /**
   * How XComs refer to values in `results`: by the name of the store, or by `null` where that is the metadata
   * database. Undefined: they must not, since it may forget them.
   */
  readonly valueStore: string | null | undefined;
  /** The values of XComs, wherever they are. */
  readonly values: Values;
  /** The stores of [[stores]], which tasks may name. */
  readonly named: NamedStores;
  /** Opens a store of bytes of the config. @throws MemodagError `config_invalid` if there is none of that name */
  openByteStore(name: string): Promise<ByteStore>;
}

/** The stores, and how to close them. */
export interface OpenCacheStores {
  readonly stores: CacheStores;
  close(): Promise<void>;
}

/**
 * Opens the cache's stores. The caller keeps ownership of the metadata database.
 * @throws MemodagError `config_invalid` for a backend that does not exist.
 */
export async function openCacheStores(
  loaded: LoadedConfig,
  metadata: MetadataStores,
  log: Logger,
): Promise<OpenCacheStores> {
  const { core, taskCache } = loaded.config;
  const outside = openOutsideScopes(loaded.config, log);
  const parts = { loaded, metadata: metadataParts(metadata, loaded.config, outside), outside, log };
  const byteStores = openByteStores({ loaded, metadata: metadata.bytes, log });
  const name = core.taskCacheBackend;
  const resultName = taskCache.resultStore ?? name;
  const key = BACKEND_KEY;
  if (resultName === name) {
    const backend = await openBackend({ name, stores: ["records", "results"], key }, parts);
    return opened(parts, byteStores, resultName, backend, backend);
  }
  const byRecord = await openBackend({ name, stores: ["records"], key }, parts);
  try {
    const choice = { name: resultName, stores: ["results"], key: RESULT_STORE_KEY } as const;
    return opened(parts, byteStores, resultName, byRecord, await openBackend(choice, parts));
  } catch (error) {
    await byRecord.close();
    throw error;
  }
}

/** The stores of the metadata database that the cache uses. */
type MetadataStores = BackendParts["metadata"] & Pick<Metastore, "openRecords">;

function metadataParts(
  { results, bytes, written, ...records }: MetadataStores,
  config: Config,
  { byName }: OutsideScopes,
): BackendParts["metadata"] {
  return { records: recordsOf(records, config, byName), results, bytes, written };
}

function opened(
  parts: BackendParts,
  byteStores: ByteStores,
  resultName: string,
  byRecord: OpenBackend,
  byResult: OpenBackend,
): OpenCacheStores {
  const { config } = parts.loaded;
  const { results } = byResult;
  const storeName = storeNameOf(config, resultName);
  const valueStore = byResult.keepsValues ? storeName : undefined;
  const folder = new FilesystemResultStore(cacheFolder(config), systemClock);
  const inside = { ...parts, outside: { ...parts.outside, byName: new Map<string, OutsideScope>() } };
  const named = new NamedStores(inside, byteStores, {
    records: { name: config.core.taskCacheBackend, store: byRecord.records },
    results: { name: resultName, store: results },
  });
  const names = new Set(config.stores.map((store) => store.name));
  const outsideStores = new Map(
    Array.from(parts.outside.byName.values(), (scope) => [scope.valueStore, scope]),
  );
  const values = new Values({
    metadata: parts.metadata.results,
    clock: systemClock,
    // The folder needs no config of its own: what was put there before the config changed can be read.
    storeNamed: (name) => {
      if (name === storeName) return results;
      if (name === "filesystem") return folder;
      const outside = outsideStores.get(name);
      if (outside) return outside.results;
      return names.has(name) ? named.results(name) : undefined;
    },
  });
  return {
    stores: {
      records: byRecord.records,
      results,
      valueStore,
      values,
      named,
      openByteStore: (name) => byteStores.open(name),
    },
    async close() {
      await named.close();
      await byteStores.close();
      await byRecord.close();
      if (byResult !== byRecord) await byResult.close();
      await parts.outside.close();
    },
  };
}

/** The name of a database that is the cache's own, as XComs refer to values in it. */
const OWN_DATABASE = "database";

/** How XComs refer to values in the result store. */
function storeNameOf(config: Config, resultName: string): string | null {
  if (resultName !== "metadata-db") return resultName;
  return ownCacheUrl(config) === undefined ? null : OWN_DATABASE;
}
