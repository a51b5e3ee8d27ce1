// Opens and closes what a config names: the metadata database and the cache's stores.

import type { Config, LoadedConfig } from "@memodag/config";
import {
  type ApiSessionStore,
  type ByteStore,
  type CallbackStore,
  type ChangeFeed,
  type EntryStore,
  type HumanStore,
  type Logger,
  type LogStore,
  type RemoteChangeFeed,
  type RemoteLogStore,
} from "@memodag/core";
import type { OperationContext, RunPlanner, Stores } from "@memodag/operations";
import type { ValueAdapter } from "@memodag/value-cache";
import type { LeaseStore } from "@memodag/result-cache";
import { configOffReason } from "../config/config-off-reason.ts";
import { poolSlots } from "../config/pool-slots.ts";
import { currentActor } from "../config/current-actor.ts";
import { FileLogStore } from "@memodag/executor/logs";
import { EitherLogStore } from "./either-log-store.ts";
import { artifactsDirOf, logsDirOf } from "../config/folders.ts";
import { retentionLimits } from "../config/retention-limits.ts";
import { findSecretKey } from "../config/secret-key.ts";
import { openListedSignatures } from "../config/signing-keys.ts";
import { ownCacheUrl } from "./cache-backends.ts";
import { openCacheStores } from "./cache-stores.ts";
import { entryLimits, listNamedCaches } from "./named-caches.ts";
import { isSingleMachine, openDatabase } from "./database.ts";
import { LockStores } from "./lock-stores.ts";
import type { NamedStores } from "./named-stores.ts";
import { ConfiguredValueCaches } from "./value-caches.ts";
import { scopesOf } from "./scopes.ts";
import { listRecordStores, listResultStores, mayForgetResults } from "./used-stores.ts";

/** A config with its open stores. */
export interface Deployment extends Stores {
  readonly loaded: LoadedConfig;
  readonly config: Config;
  /** Callbacks that still have to run. */
  readonly callbacks: CallbackStore;
  readonly changes: ChangeFeed & RemoteChangeFeed;
  /** Logs of attempts that ran on other machines. */
  readonly attemptLogs: LogStore & RemoteLogStore;
  /** Requests of tasks to people. */
  readonly humans: HumanStore;
  /** People who are signed in to the REST API. */
  readonly apiSessions: ApiSessionStore;
  /** Leases in the metadata database. */
  readonly leases: LeaseStore;
  /** Locks of cache keys. */
  readonly lockStores: LockStores;
  /** Values of get-or-create in the metadata database. */
  readonly valueCaches: ValueAdapter;
  /** Entries of job caches; always in the metadata database. */
  readonly entries: EntryStore;
  /** The stores of [[stores]], which tasks may name. */
  readonly named: NamedStores;
  /** True if records of the cache can restore entries of job caches. */
  readonly keepsEntries: boolean;
  /** Opens a store of bytes of the config. @throws MemodagError `config_invalid` if there is none of that name */
  openByteStore(name: string): Promise<ByteStore>;
  /** The maximum size of an XCom in bytes. */
  readonly maxXComBytes: number;
  /** True when no other machine shares it. */
  readonly isSingleMachine: boolean;
  /** Logs connections to the database that broke silently. */
  logBrokenConnections(log: Logger): void;
  /** @throws MemodagError `database_read_only`, `database_failed` */
  requireWritable(): Promise<void>;
}

/**
 * Opens what a config names for `work`, and closes it afterwards. A SQLite database is created and migrated
 * if necessary; a PostgreSQL database only by `memodag db migrate`.
 * @throws MemodagError `config_invalid`, `database_unreachable`, `database_not_migrated`, `database_newer`.
 */
export async function withDeployment<T>(
  { loaded, log }: { readonly loaded: LoadedConfig; readonly log: Logger },
  work: (deployment: Deployment) => Promise<T>,
): Promise<T> {
  const { config } = loaded;
  const database = await openDatabase(config.database.url);
  try {
    const cache = await openCacheStores(loaded, database, log);
    const leases = database.openLeases(scopesOf(config).own);
    const lockStores = new LockStores({ loaded, metadata: leases, log });
    const valueSource = openValueSource(loaded, database.valueCaches);
    try {
      const { dags, runs, views, runRetention, schedules, callbacks, counters, decisions, superseded } =
        database;
      const { keyMemos, changes, humans, cacheSwitch, breakers, audit, sources, staleRows } = database;
      const { freeSpace, remoteAttempts, workerHosts, workerTokens, attemptLogs } = database;
      const { apiTokens, apiSessions, processes } = database;
      return await work({
        loaded,
        config,
        dags,
        runs,
        views,
        runRetention,
        schedules,
        callbacks,
        leases,
        lockStores,
        valueCaches: database.valueCaches,
        entries: database.entries,
        keepsEntries: config.core.taskCacheBackend === "metadata-db" && ownCacheUrl(config) === undefined,
        counters,
        decisions,
        superseded,
        keyMemos,
        xcomResults: database.results,
        maxXComBytes: Math.min(config.core.maxXcomSize, database.maxResultBytes),
        changes,
        humans,
        cacheSwitch,
        breakers,
        audit,
        sources,
        staleRows,
        freeSpace,
        remoteAttempts,
        workerHosts,
        workerTokens,
        apiTokens,
        apiSessions,
        processes,
        attemptLogs,
        ...cache.stores,
        listRecordStores: (team) => listRecordStores({ loaded, dags, ...cache.stores }, team),
        listResultStores: () => listResultStores({ loaded, dags, ...cache.stores }),
        mayForgetResults: () => mayForgetResults(loaded),
        namedCaches: {
          list: (team) => listNamedCaches(config, team),
          openValues: (team, name) => valueSource.open(team, name),
        },
        namedRecords: (name) => cache.stores.named.records(name),
        isSingleMachine: isSingleMachine(database),
        logBrokenConnections: (breakLog) =>
          database.onConnectionBroken((reason) =>
            breakLog.warn("a connection to the database broke without a word, and is made anew", { reason }),
          ),
        requireWritable: () => database.requireWritable(),
      });
    } finally {
      await valueSource.close();
      await lockStores.close();
      await cache.close();
    }
  } finally {
    await database.close();
  }
}

function openValueSource(
  { config: { caches }, projectDir }: LoadedConfig,
  metadata: ValueAdapter,
): ConfiguredValueCaches {
  return new ConfiguredValueCaches({ caches, metadata, projectDir });
}

/** See {@link operationContext}. */
export interface OperationParts extends Pick<OperationContext, "clock" | "log"> {
  /** Opens what foretells runs, by the config that applies now. Default: runs are not foretold. */
  readonly openPlanner?: (deployment: Deployment, log: Logger, loaded: LoadedConfig) => Promise<RunPlanner>;
  /** The config that applies now. Default: that of the start. */
  readonly current?: () => LoadedConfig;
}

/** The context of operations on a deployment, with this process's user as the actor. */
export function operationContext(
  deployment: Deployment,
  { clock, log, openPlanner, current = () => deployment.loaded }: OperationParts,
): OperationContext {
  const { config } = deployment;
  const now = (): Config => current().config;
  return {
    stores: deployment,
    logs: new EitherLogStore(new FileLogStore(logsDirOf(config)), deployment.attemptLogs),
    openArtifactCopies: async () => {
      const { ArtifactCopies } = await import("@memodag/executor");
      return new ArtifactCopies(artifactsDirOf(config));
    },
    ...(openPlanner && { openPlanner: () => openPlanner(deployment, log, current()) }),
    actor: currentActor(),
    clock,
    log,
    settings: {
      secretPatterns: config.core.secretPatterns,
      cachingOffReason: () => configOffReason(current()),
      maxCacheBytes: () => now().taskCache.maxSize ?? null,
      keepEntriesMs: () => now().jobCache.keep,
      entryLimits: entryLimits(config.caches),
      retention: () => retentionLimits(now()),
      cacheBackend: config.core.taskCacheBackend,
      poolSlots: () => poolSlots(now()),
      workerLimits: { beatMs: config.scheduler.heartbeatTimeout, linkMs: config.executor.linkGrace },
      scopes: scopesOf(config),
      findSealKey: () => findSecretKey(config.core.stateDir),
      openSignatures: () => openListedSignatures(config),
    },
  };
}
