// Opens what a command works on: the config, the metadata database, the cache's stores; and closes it.

import type { Config, LoadedConfig } from "@memodag/config";
import type {
  AuditLog,
  CallbackStore,
  ChangeFeed,
  DagStore,
  Logger,
  RunStore,
  ScheduleStore,
} from "@memodag/core";
import type { BreakerBoard, CacheSwitch } from "@memodag/metastore";
import type {
  AgedStore,
  CounterStore,
  DecisionStore,
  LeaseStore,
  RecordStore,
  ResultStore,
} from "@memodag/result-cache";
import type { CommonOptions } from "./settings.ts";
import { isSingleMachine, openDatabase } from "./database.ts";
import { loadSettings } from "./settings.ts";
import { openCacheStores } from "./cache-stores.ts";

/** What a command works on. */
export interface Metadata {
  readonly loaded: LoadedConfig;
  readonly config: Config;
  readonly dags: DagStore;
  readonly runs: RunStore;
  readonly schedules: ScheduleStore;
  /** What is owed to authors. */
  readonly callbacks: CallbackStore;
  readonly changes: ChangeFeed;
  readonly records: RecordStore;
  readonly results: ResultStore;
  /** Of cache keys; in the metadata database, wherever the cache is. */
  readonly leases: LeaseStore;
  /** What the cache did, by task; in the metadata database, wherever the cache is. */
  readonly counters: CounterStore;
  readonly superseded: AgedStore;
  /** Why instances did not hit; in the metadata database, wherever the cache is. */
  readonly decisions: DecisionStore & AgedStore;
  /** Bytes that one of a run's XComs may have. */
  readonly maxXComBytes: number;
  /** Where the bytes of runs' XComs are. */
  readonly xcomResults: ResultStore;
  readonly cacheSwitch: CacheSwitch;
  readonly breakers: BreakerBoard;
  /** Who did what; for acts that no store writes down by itself. */
  readonly audit: AuditLog;
  /** True when the cache's results lie in the metadata database, where XComs find them. */
  readonly resultsInMetastore: boolean;
  /** True when no other machine has a part in it. */
  readonly isSingleMachine: boolean;
  /** Has the log tell of connections to the database that broke without a word. */
  logBrokenConnections(log: Logger): void;
  /** @throws MemodagError `database_read_only`, `database_failed` */
  requireWritable(): Promise<void>;
}

/**
 * Opens what the options' config names for `work`, and closes it afterwards. A SQLite database is
 * made and migrated when it has to be; a PostgreSQL one only by `memodag db migrate`.
 * @throws MemodagError `config_invalid`, `config_not_found`, `database_unreachable`,
 *   `database_not_migrated`, `database_newer`.
 */
export async function withMetadata<T>(
  options: CommonOptions,
  work: (metadata: Metadata) => Promise<T>,
): Promise<T> {
  const loaded = await loadSettings(options);
  const { config } = loaded;
  const database = await openDatabase(config.database.url);
  try {
    const cache = await openCacheStores(loaded, database);
    try {
      const { dags, runs, schedules, callbacks, leases, counters, decisions, superseded } = database;
      const { changes, cacheSwitch, breakers, audit } = database;
      return await work({
        loaded,
        config,
        dags,
        runs,
        schedules,
        callbacks,
        leases,
        counters,
        decisions,
        superseded,
        xcomResults: database.results,
        maxXComBytes: Math.min(config.core.maxXcomSize, database.maxResultBytes),
        changes,
        cacheSwitch,
        breakers,
        audit,
        ...cache.stores,
        isSingleMachine: isSingleMachine(database),
        logBrokenConnections: (log) =>
          database.onConnectionBroken((reason) =>
            log.warn("a connection to the database broke without a word, and is made anew", { reason }),
          ),
        requireWritable: () => database.requireWritable(),
      });
    } finally {
      await cache.close();
    }
  } finally {
    await database.close();
  }
}
