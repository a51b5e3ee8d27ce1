// The stores of bytes that a config names, each opened when it is first used and closed once.

import type { LoadedConfig, StoreConfig } from "@memodag/config";
import { MemodagError, systemClock, type ByteStore, type Logger } from "@memodag/core";
import { FilesystemByteStore, MemoryByteStore } from "@memodag/result-cache";
import { loadBackendModule, moduleOfStore, openOptions } from "./backend-modules.ts";
import { cacheFolder, folderOfStore } from "./cache-backends.ts";

/** The inputs for opening byte stores. */
export interface ByteStoresParts {
  readonly loaded: LoadedConfig;
  /** The metadata database's; the caller keeps ownership of it. */
  readonly metadata: ByteStore;
  readonly log: Logger;
}

/** Byte stores by name: those of [[stores]], and `metadata-db`, `memory` and `filesystem`, which are always there. */
export interface ByteStores {
  /** The names of [[stores]], in their order. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /**
   * The store, opened now if it has to be; opening is tried again after it failed.
   * @throws MemodagError `config_invalid` for an unknown name, or a module that is no byte store; what the module throws
   */
  open(name: string): Promise<ByteStore>;
  /** Closes what was opened. */
  close(): Promise<void>;
}

/** Opens nothing yet. */
export function openByteStores(parts: ByteStoresParts): ByteStores {
  const { stores } = parts.loaded.config;
  const names = stores.map(({ name }) => name);
  const opened = new Map<string, Promise<ByteStore>>();
  return {
    names,
    has: (name) => names.includes(name) || BUILT_IN_NAMES.has(name),
    async open(name) {
      const opening = opened.get(name) ?? openStore(name, parts);
      opened.set(name, opening);
      try {
        return await opening;
      } catch (error) {
        opened.delete(name);
        throw error;
      }
    },
    async close() {
      const closing = Array.from(opened.values(), async (opening) => {
        const store = await opening.catch(() => undefined);
        // The metadata database is closed by who opened it.
        if (store !== parts.metadata) await store?.close();
      });
      opened.clear();
      await Promise.all(closing);
    },
  };
}

const BUILT_IN_NAMES: ReadonlySet<string> = new Set(["metadata-db", "memory", "filesystem"]);

async function openStore(name: string, parts: ByteStoresParts): Promise<ByteStore> {
  const { config, projectDir } = parts.loaded;
  const index = config.stores.findIndex((store) => store.name === name);
  const store: StoreConfig = config.stores[index] ?? { name, kind: name, options: undefined };
  switch (store.kind) {
    case "metadata-db":
      return parts.metadata;
    case "memory":
      return new MemoryByteStore(systemClock);
    case "filesystem":
      return new FilesystemByteStore(
        store.options === undefined ? cacheFolder(config) : folderOfStore(store),
        systemClock,
      );
    default: {
      if (index < 0) throw unknownStore(name, config.stores);
      const named = moduleOfStore(store, index, ["results"]);
      const module = await loadBackendModule(named, projectDir);
      if (!module.openByteStore) throw noByteStore(named.setting);
      const options = await openOptions(module, named, parts.loaded, parts.log);
      return await module.openByteStore(options as never);
    }
  }
}

function unknownStore(name: string, stores: readonly StoreConfig[]): MemodagError {
  const known = [...BUILT_IN_NAMES, ...stores.map((store) => store.name)].join(", ");
  return new MemodagError(
    "config_invalid",
    `There is no store "${name}": add it under [[stores]], or use one of ${known}`,
    { fields: { name } },
  );
}

function noByteStore(setting: string): MemodagError {
  return new MemodagError(
    "config_invalid",
    `${setting}: the module exports no function openByteStore: export one that returns a ByteStore`,
  );
}
