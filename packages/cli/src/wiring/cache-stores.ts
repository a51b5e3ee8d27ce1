// Opens the stores of the cache backend that the config names.

import type { Config } from "@memodag/config";
import { join } from "node:path";
import { MemodagError, systemClock } from "@memodag/core";
import type { RecordStore, ResultStore } from "@memodag/result-cache";
import { openDatabase } from "./database.ts";

/** The stores of a cache backend. */
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

const nothing = async (): Promise<void> => undefined;

/**
 * Opens the cache's stores. The metadata database stays its owner's to close.
 * @throws MemodagError `config_invalid` for a backend that is not there.
 */
export async function openCacheStores(
  { core, taskCache }: Config,
  metadata: Omit<CacheStores, "resultsInMetastore">,
): Promise<OpenCacheStores> {
  switch (core.taskCacheBackend) {
    case "metadata-db": {
      if (taskCache.url === undefined) {
        const { records, results } = metadata;
        return { stores: { records, results, resultsInMetastore: true }, close: nothing };
      }
      const database = await openDatabase(taskCache.url);
      const { records, results } = database;
      return { stores: { records, results, resultsInMetastore: false }, close: () => database.close() };
    }
    case "memory": {
      const { MemoryRecordStore, MemoryResultStore } = await import("@memodag/result-cache");
      return apart(new MemoryRecordStore(systemClock), new MemoryResultStore());
    }
    case "filesystem": {
      const { FilesystemRecordStore, FilesystemResultStore } = await import("@memodag/result-cache");
      const root = join(core.stateDir, "cache");
      return apart(
        new FilesystemRecordStore(root, systemClock),
        new FilesystemResultStore(root, systemClock),
      );
    }
    default:
      throw new MemodagError(
        "config_invalid",
        `core.task_cache_backend: expected "metadata-db", "memory" or "filesystem", found "${core.taskCacheBackend}"`,
        { fields: { backend: core.taskCacheBackend } },
      );
  }
}

function apart(records: RecordStore, results: ResultStore): OpenCacheStores {
  return { stores: { records, results, resultsInMetastore: false }, close: nothing };
}
