// The lock stores of a config, by name: leases of cache keys, each store opened when it is first used.

import { setTimeout as rest } from "node:timers/promises";
import type { LoadedConfig, StoreConfig } from "@memodag/config";
import { MemodagError, systemClock, type Logger } from "@memodag/core";
import {
  DEFAULT_SCOPE,
  FilesystemLeaseStore,
  LEASE_STORE_METHODS,
  MemoryLeaseStore,
  folderOfScope,
  type LeaseStore,
} from "@memodag/result-cache";
import { BUILT_IN, loadBackendModule, moduleOfStore, openOptions } from "./backend-modules.ts";
import { cacheFolder, folderOfStore } from "./cache-backends.ts";
import { scopesOf } from "./scopes.ts";
import { listNameableStores, lockStoreFault } from "./store-roles.ts";
import { placeOf } from "./used-stores.ts";

/** How long the first instances wait for a store to be opened, in milliseconds. */
const LONGEST_OPEN_MS = 30_000;

/** The inputs for opening lock stores. */
export interface LockStoresParts {
  readonly loaded: LoadedConfig;
  /** The metadata database's. */
  readonly metadata: LeaseStore;
  readonly log: Logger;
}

/** A lock store and its name. */
export interface NamedLocks {
  readonly name: string;
  readonly leases: LeaseStore;
}

/** Lock stores by the names of [[stores]], and by `metadata-db`, `memory` and `filesystem`, which are always there. */
export class LockStores {
  readonly #parts: LockStoresParts;
  readonly #opened = new Map<string, LeaseStore>();
  readonly #opening = new Map<string, () => Promise<unknown>>();

  constructor(parts: LockStoresParts) {
    this.#parts = parts;
  }

  /** The store; its calls reject with the reason if it is unknown or cannot be opened, which is tried again. */
  named(name: string): LeaseStore {
    const store = this.#opened.get(name) ?? this.#make(name);
    this.#opened.set(name, store);
    return store;
  }

  /**
   * Opens a store that is a module: resolves once it is open, has failed, or takes too long, and never rejects.
   * Undefined for a store that is open.
   */
  opening(name: string): (() => Promise<void>) | undefined {
    this.named(name);
    const open = this.#opening.get(name);
    if (!open) return undefined;
    return async () => {
      const waited = new AbortController();
      const tooLong = rest(LONGEST_OPEN_MS, undefined, { signal: waited.signal }).catch(() => undefined);
      await Promise.race([open().catch(() => undefined), tooLong]);
      waited.abort();
    };
  }

  /**
   * Every store that may have locks of a team, or of any, once. One that is in the memory of each process has none in
   * this one.
   */
  async list(team: string | undefined): Promise<NamedLocks[]> {
    const { loaded } = this.#parts;
    const places = new Map<string, string>();
    for (const name of BUILT_IN) places.set(placeOf(this.#storeOf(name)), name);
    for (const { name, locks, team: owner } of await listNameableStores(loaded)) {
      const isOthers = team !== undefined && owner !== undefined && owner !== team;
      const place = placeOf(this.#storeOf(name));
      if (locks && !isOthers && !places.has(place)) places.set(place, name);
    }
    return [...places.values()]
      .filter((name) => this.#storeOf(name).kind !== "memory")
      .map((name) => ({ name, leases: this.named(name) }));
  }

  async close(): Promise<void> {
    const { metadata } = this.#parts;
    // The metadata database is closed by who opened it.
    const stores = [...this.#opened.values()].filter((store) => store !== metadata);
    await Promise.all(stores.map((store) => store.close?.()));
    this.#opened.clear();
  }

  get #scope(): string {
    return scopesOf(this.#parts.loaded.config).own;
  }

  #storeOf(name: string): StoreConfig {
    const { config } = this.#parts.loaded;
    const store = config.stores.find((one) => one.name === name);
    const options = name === "filesystem" ? { path: cacheFolder(config) } : undefined;
    return store ?? { name, kind: name, options };
  }

  #make(name: string): LeaseStore {
    const store = this.#storeOf(name);
    switch (store.kind) {
      case "metadata-db":
        return this.#parts.metadata;
      case "memory":
        return new MemoryLeaseStore(systemClock);
      case "filesystem":
        return new FilesystemLeaseStore(folderOfScope(folderOfStore(store), this.#scope), systemClock);
      default: {
        const { opened, leases } = lazily(() => this.#open(store));
        this.#opening.set(name, opened);
        return leases;
      }
    }
  }

  async #open(store: StoreConfig): Promise<LeaseStore> {
    const { loaded, log } = this.#parts;
    const index = loaded.config.stores.findIndex(({ name }) => name === store.name);
    const fault = lockStoreFault(await listNameableStores(loaded), undefined, store.name);
    if (fault !== undefined) throw new MemodagError("config_invalid", `lock.${fault}`);
    const named = moduleOfStore(store, index, []);
    const module = await loadBackendModule(named, loaded.projectDir);
    const options = await openOptions(module, named, loaded, log);
    const scope = this.#scope;
    if (scope !== DEFAULT_SCOPE && module.keepsScopes !== true)
      throw new MemodagError("config_invalid", `${named.setting}: the module does not keep scopes apart`);
    const opening = scope === DEFAULT_SCOPE ? options : { ...options, scope };
    return requireLeaseStore(await module.openLeaseStore?.(opening as never), named.setting);
  }
}

function requireLeaseStore(opened: unknown, setting: string): LeaseStore {
  const has = (name: string): boolean =>
    typeof (opened as Readonly<Record<string, unknown>> | null | undefined)?.[name] === "function";
  const missing = LEASE_STORE_METHODS.filter((name) => !has(name)).map((name) => `${name}()`);
  if (missing.length === 0) return opened as LeaseStore;
  throw new MemodagError(
    "config_invalid",
    `${setting}: what openLeaseStore returned has no ${missing.join(", ")}: see LeaseStore of @memodag/result-cache`,
    { fields: { missing } },
  );
}

/** All calls share one attempt to open; after one that failed, the next call tries again. */
function lazily(open: () => Promise<LeaseStore>) {
  let opening: Promise<LeaseStore> | undefined;
  const opened = (): Promise<LeaseStore> => {
    opening ??= open().then(
      (store) => {
        if (store.renewAll) leases.renewAll = store.renewAll.bind(store);
        if (store.releaseAll) leases.releaseAll = store.releaseAll.bind(store);
        return store;
      },
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    return opening;
  };
  const leases: LeaseStore = {
    tryAcquire: async (...call) => await (await opened()).tryAcquire(...call),
    tryRenew: async (...call) => await (await opened()).tryRenew(...call),
    release: async (...call) => await (await opened()).release(...call),
    list: async (...call) => await (await opened()).list(...call),
    tryRevoke: async (...call) => await (await opened()).tryRevoke(...call),
    close: async () => await (await opening?.catch(() => undefined))?.close?.(),
  };
  return { opened, leases };
}
