// The context of an operation: the stores, the actor, and the settings of the config.

import type { AuditActor, AuditLog, Clock, DagStore, Logger, RunStore, ScheduleStore } from "@memodag/core";
import type { BreakerBoard, CacheSwitch } from "@memodag/metastore";
import type { AgedStore, CounterStore, DecisionStore, RecordStore, ResultStore } from "@memodag/result-cache";

/** The stores that operations read and change. */
export interface Stores {
  readonly dags: DagStore;
  readonly runs: RunStore;
  readonly schedules: ScheduleStore;
  readonly records: RecordStore;
  readonly results: ResultStore;
  /** Where the bytes of runs' XComs are. */
  readonly xcomResults: ResultStore;
  /** True when the cache's results lie in the metadata database, where XComs find them. */
  readonly resultsInMetastore: boolean;
  /** Counters of the cache, by task; in the metadata database, wherever the cache is. */
  readonly counters: CounterStore;
  readonly superseded: AgedStore;
  /** Why instances did not hit; in the metadata database, wherever the cache is. */
  readonly decisions: DecisionStore & AgedStore;
  readonly cacheSwitch: CacheSwitch;
  readonly breakers: BreakerBoard;
  readonly audit: AuditLog;
}

/** The settings of the config that operations need. */
export interface OperationSettings {
  /** Patterns of names whose values are shown to no one. */
  readonly secretPatterns: readonly string[];
  /** Why the config turns caching off, in words; `null` when it does not. */
  readonly cachingOffReason: () => string | null;
  /** Bytes that the entries of the cache may have together; `null`: no bound. */
  readonly maxCacheBytes: () => number | null;
  /** The name of the cache's stores in the config, for messages. */
  readonly cacheBackend: string;
  /** The folder of attempts' logs. */
  readonly logsDir: string;
  /** The key that entries are sealed with; `undefined` where there is none yet. */
  readonly findSealKey: () => Uint8Array | undefined;
}

/** The context in which an operation runs. */
export interface OperationContext {
  readonly stores: Stores;
  /** Who is written down as having done it. */
  readonly actor: AuditActor;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: OperationSettings;
}
