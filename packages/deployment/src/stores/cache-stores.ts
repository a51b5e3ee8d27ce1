// Opens the stores that the config names for the cache: where records are, and where results are.

import type { LoadedConfig } from "@memodag/config";
import type { Logger } from "@memodag/core";
import type { RecordStore, ResultStore } from "@memodag/result-cache";
import { openBackend, ownCacheUrl, type OpenBackend } from "./cache-backends.ts";

/** The stores of the cache. */
export interface CacheStores {
  readonly records: RecordStore;
  readonly results: ResultStore;
  /** True when results lie in the metadata database, where XComs find them. */
  readonly resultsInMetastore: boolean;
}

/** The stores and what lets go of them. */
export interface OpenCacheStores {
  readonly stores: CacheStores;
  close(): Promise<void>;
}

/**
 * Opens the cache's stores. The metadata database stays its owner's to close.
 * @throws MemodagError `config_invalid` for a backend that is not there.
 */
export async function openCacheStores(
  loaded: LoadedConfig,
  metadata: Omit<CacheStores, "resultsInMetastore">,
  log: Logger,
): Promise<OpenCacheStores> {
  const { core, taskCache } = loaded.config;
  const parts = { loaded, metadata, log };
  const name = core.taskCacheBackend;
  const resultName = taskCache.resultStore ?? name;
  const key = "core.task_cache_backend";
  if (resultName === name) {
    const backend = await openBackend({ name, stores: ["records", "results"], key }, parts);
    return opened(loaded, resultName, backend, backend);
  }
  const byRecord = await openBackend({ name, stores: ["records"], key }, parts);
  try {
    const choice = { name: resultName, stores: ["results"], key: "task_cache.result_store" } as const;
    return opened(loaded, resultName, byRecord, await openBackend(choice, parts));
  } catch (error) {
    await byRecord.close();
    throw error;
  }
}

function opened(
  { config }: LoadedConfig,
  resultName: string,
  byRecord: OpenBackend,
  byResult: OpenBackend,
): OpenCacheStores {
  return {
    stores: {
      records: byRecord.records,
      results: byResult.results,
      resultsInMetastore: resultName === "metadata-db" && ownCacheUrl(config) === undefined,
    },
    async close() {
      await byRecord.close();
      if (byResult !== byRecord) await byResult.close();
    },
  };
}
