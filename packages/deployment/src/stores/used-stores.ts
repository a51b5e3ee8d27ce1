// The stores of a deployment that may have entries or results, for commands that list or remove them.

import type { Config, LoadedConfig, StoreConfig } from "@memodag/config";
import type { CacheStorage, DagStore } from "@memodag/core";
import type { NamedRecords, NamedResults, RecordStore } from "@memodag/result-cache";
import { BUILT_IN } from "./backend-modules.ts";
import { cacheFolder, folderOfStore, ownCacheUrl } from "./cache-backends.ts";
import type { NamedStores } from "./named-stores.ts";
import { listNameableStores } from "./store-roles.ts";

/** The parts of a deployment that this needs. */
export interface UsedStoresParts {
  readonly loaded: LoadedConfig;
  readonly dags: Pick<DagStore, "listCacheStorages">;
  readonly records: RecordStore;
  readonly named: Pick<NamedStores, "records" | "results">;
}

/** The record store of the deployment, and those that a team may have named. */
export async function listRecordStores(
  { loaded, dags, records, named }: UsedStoresParts,
  team: string | undefined,
): Promise<NamedRecords[]> {
  const common = placeOfCommon(loaded.config, loaded.config.core.taskCacheBackend);
  const places = await listPlaces({ loaded, dags }, team, "records");
  const others = places.filter(({ place }) => place !== common);
  return [
    { name: null, records },
    ...others.map(({ names: [name = ""] }) => ({ name, records: named.records(name) })),
  ];
}

/** The result stores that tasks may have named, beside that of the deployment. */
export async function listResultStores({
  loaded,
  dags,
  named,
}: Pick<UsedStoresParts, "loaded" | "dags" | "named">): Promise<NamedResults[]> {
  const { core, taskCache } = loaded.config;
  const common = placeOfCommon(loaded.config, taskCache.resultStore ?? core.taskCacheBackend);
  const places = await listPlaces({ loaded, dags }, undefined, "results");
  return places
    .filter(({ place }) => place !== common)
    .map(({ names }) => ({ names, results: named.results(names[0] ?? "") }));
}

/** Whether a task may have named a store that forgets: its records do not say where their bytes are. */
export async function mayForgetResults(loaded: LoadedConfig): Promise<boolean> {
  return (await listNameableStores(loaded)).some(({ results, keepsValues }) => results && !keepsValues);
}

/** A place of records or results, and the names that [[stores]] has for it. */
interface Place {
  readonly place: string;
  readonly names: string[];
}

/**
 * The places that tasks may name. A built-in one is always listed: tasks may have named it once. Another one only if a
 * Dag names it: it may be used for other things, and never be asked for these.
 */
async function listPlaces(
  { loaded, dags }: Pick<UsedStoresParts, "loaded" | "dags">,
  team: string | undefined,
  role: "records" | "results",
): Promise<Place[]> {
  const { config } = loaded;
  if (config.stores.length === 0) return [];
  const option = role === "records" ? "keyStorage" : "resultStorage";
  const used = new Set((await dags.listCacheStorages(team)).map((storage: CacheStorage) => storage[option]));
  const places = new Map<string, Place>();
  for (const nameable of await listNameableStores(loaded)) {
    const store = config.stores.find(({ name }) => name === nameable.name);
    const isOthers = team !== undefined && nameable.team !== undefined && nameable.team !== team;
    if (!store || !nameable[role] || isOthers) continue;
    // One that is in the memory of each process has nothing in this one.
    if (store.kind === "memory" || !(BUILT_IN.has(store.kind) || used.has(store.name))) continue;
    const place = placeOf(store);
    const known = places.get(place) ?? { place, names: [] };
    places.set(place, known);
    known.names.push(store.name);
  }
  return [...places.values()];
}

/** Two stores with the same place are one under two names. */
export function placeOf(store: StoreConfig): string {
  if (store.kind === "metadata-db") return "metadata-db";
  return store.kind === "filesystem" ? `folder ${folderOfStore(store)}` : `store ${store.name}`;
}

function placeOfCommon(config: Config, name: string): string {
  const store = config.stores.find((one) => one.name === name);
  if (store) return placeOf(store);
  if (name === "filesystem") return `folder ${cacheFolder(config)}`;
  return name === "metadata-db" && ownCacheUrl(config) !== undefined ? "own database" : name;
}
