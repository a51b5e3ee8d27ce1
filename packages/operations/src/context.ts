// What every operation works with: the stores, who acts, and what the config says about it.

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
  /** What the cache did, by task; in the metadata database, wherever the cache is. */
  readonly counters: CounterStore;
  readonly superseded: AgedStore;
  /** Why instances did not hit; in the metadata database, wherever the cache is. */
  readonly decisions: DecisionStore & AgedStore;
  readonly cacheSwitch: CacheSwitch;
  readonly breakers: BreakerBoard;
  readonly audit: AuditLog;
}

/** What operations have to know of the config. */
export interface OperationSettings {
  /** Patterns of names whose values are shown to no one. */
  readonly secretPatterns: readonly string[];
  /** Why the config turns caching off, in words; `null` when it does not. */
  readonly cachingOffReason: () => string | null;
  /** Bytes that the entries of the cache may have together; `null`: no bound. */
  readonly maxCacheBytes: () => number | null;
  /** What the cache's stores are called in the config; for messages. */
  readonly cacheBackend: string;
  /** The folder of attempts' logs. */
  readonly logsDir: string;
  /** The key that entries are sealed with; `undefined` where there is none yet. */
  readonly findSealKey: () => Uint8Array | undefined;
}

/** What an operation is given beside its input. */
export interface OperationContext {
  readonly stores: Stores;
  /** Who is written down as having done it. */
  readonly actor: AuditActor;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: OperationSettings;
}
