// The roles of the stores of a config: which can hold records, results and locks, and which of them tasks may name.

import type { LoadedConfig, StoreConfig } from "@memodag/config";
import type { CacheStorage, SerializedDag } from "@memodag/core";
import { BUILT_IN, loadBackendModule, moduleOfStore } from "./backend-modules.ts";

/** The roles that a store can have. */
export interface StoreRoles {
  readonly records: boolean;
  readonly results: boolean;
  /** Results stay until they are deleted, in reach of all processes: runs may refer to them. */
  readonly keepsValues: boolean;
  readonly locks: boolean;
}

const ALL: StoreRoles = { records: true, results: true, keepsValues: true, locks: true };
const ROLES: ReadonlyMap<string, StoreRoles> = new Map([
  ["metadata-db", ALL],
  ["filesystem", ALL],
  ["memory", { ...ALL, keepsValues: false }],
  ["s3", { ...ALL, locks: false }],
  ["gcs", { ...ALL, records: false, locks: false }],
  ["redis", { ...ALL, keepsValues: false }],
]);

/** A store that tasks may name. */
export interface NameableStore extends StoreRoles {
  readonly name: string;
  readonly team: string | undefined;
  /** Its records keep the bytes of entries from being collected. */
  readonly keepsEntries: boolean;
}

/**
 * The stores of [[stores]]. Only modules of users are loaded; one that cannot be, holds nothing here: its use
 * fails with the reason.
 */
export async function listNameableStores({ config, projectDir }: LoadedConfig): Promise<NameableStore[]> {
  return await Promise.all(
    config.stores.map(async (store, index) => ({
      name: store.name,
      team: store.team,
      keepsEntries: store.kind === "metadata-db",
      ...(ROLES.get(store.kind) ?? (await rolesOfModule(store, index, projectDir))),
    })),
  );
}

async function rolesOfModule(store: StoreConfig, index: number, projectDir: string): Promise<StoreRoles> {
  try {
    const module = await loadBackendModule(moduleOfStore(store, index, []), projectDir);
    const hasBackend = module.openCacheBackend !== undefined;
    const keepsValues = module.keepsValues === true || module.openByteStore !== undefined;
    const results = hasBackend || module.openByteStore !== undefined;
    return { records: hasBackend, results, keepsValues, locks: module.openLeaseStore !== undefined };
  } catch {
    return { records: false, results: false, keepsValues: false, locks: false };
  }
}

/** Why a team's task may not have this storage; undefined: it may. */
export function storageFault(
  stores: readonly NameableStore[],
  team: string,
  { keyStorage, resultStorage }: CacheStorage,
): string | undefined {
  return (
    faultOf(stores, team, "keyStorage", "records", keyStorage) ??
    faultOf(stores, team, "resultStorage", "results", resultStorage)
  );
}

/**
 * Why a lock store cannot be used: by a team's task, or by the deployment; undefined: it can. The built-in ones need
 * no entry in the config.
 */
export function lockStoreFault(
  stores: readonly NameableStore[],
  team: string | undefined,
  name: string | undefined,
): string | undefined {
  if (name !== undefined && BUILT_IN.has(name) && stores.every((store) => store.name !== name))
    return undefined;
  return faultOf(stores, team, "store", "locks", name);
}

/** @param team undefined: any */
function faultOf(
  stores: readonly NameableStore[],
  team: string | undefined,
  option: string,
  role: "records" | "results" | "locks",
  name: string | undefined,
): string | undefined {
  if (name === undefined) return undefined;
  // The stores of other teams are not told of.
  const usable = stores.filter(
    (store) => store.team === undefined || team === undefined || store.team === team,
  );
  const store = usable.find((one) => one.name === name);
  if (store?.[role]) return undefined;
  const fitting = usable.filter((one) => one[role]).map((one) => `"${one.name}"`);
  const others = fitting.length === 0 ? "" : `, or use ${fitting.join(", ")}`;
  return store
    ? `${option}: the store "${name}" cannot hold ${role}: name another one${others}`
    : `${option}: there is no store "${name}"${team === undefined ? "" : " for tasks of this team"}: add it under [[stores]] in the config${others}`;
}

/** The first fault of a Dag's tasks, as a sentence; undefined: there is none. */
export function storageFaultOfDag(
  stores: readonly NameableStore[],
  team: string,
  { dagId, tasks }: SerializedDag,
): string | undefined {
  for (const { taskId, cache } of tasks) {
    if (!cache) continue;
    const lockFault = lockStoreFault(stores, team, cache.lock?.store);
    const fault = storageFault(stores, team, cache) ?? (lockFault && `lock.${lockFault}`);
    if (fault !== undefined) return `Dag "${dagId}", task "${taskId}": cache.${fault}`;
  }
  return undefined;
}
