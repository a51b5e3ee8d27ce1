// Assembles the collector and the verifier of the cache.

import { MemodagError, messageOf } from "@memodag/core";
import {
  Collector,
  JoinedRetention,
  ShownResults,
  ShownRetention,
  collectableOf,
  Verifier,
  type CollectableResults,
  type FindShown,
  type MissedStore,
  type RecordRetention,
  type RecordStore,
  type ResultRetention,
  type ResultStore,
  type VerifiableResults,
} from "@memodag/result-cache";
import type { OperationContext, OperationSettings, Stores } from "../context.ts";
import { openAllRecords } from "./all-records.ts";
import { EntryRetention } from "./entry-retention.ts";

/** Creates the collector of the cache, of XComs' bytes and of superseded Dag versions. */
export async function openCollector(
  stores: Stores,
  {
    maxCacheBytes,
    keepEntriesMs,
    entryLimits,
    retention,
  }: Pick<OperationSettings, "maxCacheBytes" | "keepEntriesMs" | "entryLimits" | "retention">,
): Promise<Collector> {
  const { runRetention, superseded, decisions, keyMemos } = stores;
  const { artifactsMs, explanationsMs } = retention();
  const [records, results] = await Promise.all([openRecords(stores), openResults(stores, openCollectable)]);
  return new Collector({
    records: records.retention,
    // A record store that cannot be asked may name any of the bytes.
    results: records.missed.length > 0 ? [] : results.map((store) => store.retention),
    removedRuns: runRetention,
    superseded,
    explanations: decisions,
    keyMemos,
    entries: openEntryRetention(stores, { keepEntriesMs, entryLimits }),
    maxSizeBytes: maxCacheBytes(),
    supersededMs: artifactsMs,
    explanationsMs,
  });
}

/** Creates the collector of entries of job caches. */
export function openEntryRetention(
  { entries, openByteStore }: Pick<Stores, "entries" | "openByteStore">,
  { keepEntriesMs, entryLimits }: Pick<OperationSettings, "keepEntriesMs" | "entryLimits">,
): EntryRetention {
  return new EntryRetention({ entries, openByteStore, keepMs: keepEntriesMs(), limits: entryLimits });
}

/** A verifier, and the stores that it leaves out. */
export interface OpenVerifier {
  readonly verifier: Verifier;
  readonly missed: readonly MissedStore[];
}

/**
 * Creates the verifier of the cache and of XComs' bytes.
 * @throws MemodagError `config_invalid` for a backend that cannot be enumerated.
 */
export async function openVerifier({ stores, settings }: OperationContext): Promise<OpenVerifier> {
  const [records, [results, ...others]] = await Promise.all([
    openRecords(stores),
    openResults(stores, openRetention),
  ]);
  const { retention, missed } = records;
  if (!records.hasCommon || !retention || !results?.retention) throw notVerifiable(settings);
  const sealKey = settings.findSealKey();
  const signatures = settings.openSignatures();
  const named = new Map<string, VerifiableResults>();
  let xcoms: VerifiableResults | undefined;
  const unlisted: MissedStore[] = [];
  for (const { names, store, retention: own } of others) {
    if (names.length === 0) xcoms = own && { store, retention: own };
    else if (own) for (const name of names) named.set(name, { store, retention: own });
    else
      unlisted.push({
        store: names[0] ?? "",
        reason: "its results cannot be listed, and are not verified here",
      });
  }
  const verifier = new Verifier({
    records: { store: await openAllRecords(stores, undefined), retention },
    results: { store: results.store, retention: results.retention },
    ...(stores.valueStore !== undefined && { resultsName: stores.valueStore }),
    named,
    mayBeUnnamed: await stores.mayForgetResults(),
    knowsAllRecords: missed.length === 0,
    ...(xcoms && { xcoms }),
    ...(sealKey && { sealKey }),
    ...(signatures && { signatures }),
  });
  return { verifier, missed: [...missed, ...unlisted] };
}

/** The retention of all record stores. */
export async function openRecords({ listRecordStores }: Pick<Stores, "listRecordStores">): Promise<{
  readonly retention: RecordRetention | undefined;
  /** False if the deployment's store keeps no catalog. */
  readonly hasCommon: boolean;
  /** Stores that do not tell which bytes their records name. */
  readonly missed: readonly MissedStore[];
}> {
  const all: RecordRetention[] = [];
  const missed: MissedStore[] = [];
  let hasCommon = false;
  for (const { name, records } of await listRecordStores(undefined)) {
    const retention = await retentionOfNamed(records, name);
    if (retention.kind === "open") all.push(retention.retention);
    else missed.push({ store: name ?? "of [core] task_cache_backend", reason: retention.reason });
    if (name === null) hasCommon = retention.kind === "open";
  }
  return { retention: all.length === 0 ? undefined : new JoinedRetention(all), hasCommon, missed };
}

async function retentionOfNamed(
  records: RecordStore,
  name: string | null,
): Promise<
  | { readonly kind: "open"; readonly retention: RecordRetention }
  | { readonly kind: "missed"; readonly reason: string }
> {
  try {
    const retention = await records.retention?.();
    if (retention) return { kind: "open", retention };
    return { kind: "missed", reason: "it keeps no catalog: its entries are not collected or verified here" };
  } catch (error) {
    // The deployment's own is a fault of the command.
    if (name === null) throw error;
    return { kind: "missed", reason: `it cannot be asked (${messageOf(error)})` };
  }
}

/** A store of results, and what collecting or verifying needs of it; undefined if it cannot be. */
interface OpenResults<Retention> {
  /** As tasks name it; none for the stores of the deployment. */
  readonly names: readonly string[];
  readonly store: ResultStore;
  readonly retention: Retention | undefined;
}

type OpenRetention<Retention> = (
  store: ResultStore,
  findShown: FindShown | undefined,
) => Promise<Retention | undefined>;

/** The deployment's store first, then the metadata database if that is another one, then those that tasks name. */
async function openResults<Retention>(
  stores: Stores,
  open: OpenRetention<Retention>,
): Promise<OpenResults<Retention>[]> {
  const { results, xcomResults, valueStore } = stores;
  const common = valueStore === null ? [results] : [results, xcomResults];
  const own = common.map(async (store) => {
    const names = store === results && typeof valueStore === "string" ? [valueStore] : [];
    return { names: [], store, retention: await open(store, findShownIn(stores, names)) };
  });
  const named = (await stores.listResultStores()).map(async ({ names, results: store }) => {
    // One that is away is collected and verified another time.
    const retention = await open(store, findShownIn(stores, names)).catch(() => undefined);
    return { names, store, retention };
  });
  return await Promise.all([...own, ...named]);
}

async function openCollectable(
  store: ResultStore,
  findShown: FindShown | undefined,
): Promise<CollectableResults | undefined> {
  const results = await collectableOf(store);
  return results && findShown ? new ShownResults(results, findShown) : results;
}

async function openRetention(
  store: ResultStore,
  findShown: FindShown | undefined,
): Promise<ResultRetention | undefined> {
  const retention = await store.retention?.();
  return retention && findShown ? new ShownRetention(retention, findShown) : retention;
}

/** A separate store does not know which of its bytes XComs refer to; the metadata database does. */
function findShownIn({ runs, entries }: Stores, names: readonly string[]): FindShown | undefined {
  if (names.length === 0) return undefined;
  // The store may hold entries of job caches as well, which are collected by their own rules.
  return async (team, digests) => {
    const shown = await Promise.all([
      ...names.map((name) => runs.findShownDigests(team, name, digests)),
      entries.findNames(team, digests),
    ]);
    return new Set(shown.flatMap((some) => [...some]));
  };
}

function notVerifiable({ cacheBackend }: OperationSettings): MemodagError {
  return new MemodagError(
    "config_invalid",
    `The cache backend "${cacheBackend}" cannot be enumerated: its stores have no ` +
      "retention(); verify it with the backend's own tools",
  );
}
