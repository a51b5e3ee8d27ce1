// The context of an operation: the stores, the actor, and the settings of the config.

import type {
  ApiTokenStore,
  ArtifactCopyStore,
  AuditActor,
  AuditLog,
  ByteStore,
  Clock,
  DagStore,
  Digest,
  EntryLimit,
  EntryStore,
  HumanStore,
  KeyMemos,
  Logger,
  LogStore,
  LossLimits,
  ProcessBoard,
  RemoteAttemptStore,
  RunRetention,
  RunStore,
  RunViews,
  ScheduleStore,
  WorkerHostStore,
  WorkerTokenStore,
} from "@memodag/core";
import type { BreakerStates, CacheSwitch, FreeSpace } from "@memodag/metastore";
import type {
  AgedStore,
  CounterStore,
  DecisionStore,
  LeaseStore,
  NamedRecords,
  NamedResults,
  RecordStore,
  ResultStore,
  SignatureChecks,
  Scopes,
  SupersededStore,
  Values,
} from "@memodag/result-cache";
import type { NamedCaches } from "./named-caches.ts";
import type { RunPlanner } from "./run-planner.ts";
import type { RetentionLimits } from "./retention-limits.ts";

/** The lock stores of a deployment. */
export interface LockStoreDirectory {
  /** The lock store of that name; its calls reject if there is none. */
  named(name: string): LeaseStore;
  /** Every store that may have locks of a team, or of any. */
  list(team: string | undefined): Promise<readonly { readonly name: string; readonly leases: LeaseStore }[]>;
}

/** The stores that operations read and change. */
export interface Stores {
  readonly dags: DagStore;
  readonly runs: RunStore;
  /** Runs as people look at them. */
  readonly views: RunViews;
  /** Requests of tasks to people. */
  readonly humans: HumanStore;
  readonly runRetention: RunRetention;
  readonly schedules: ScheduleStore;
  /** The records of tasks that name no store. */
  readonly records: RecordStore;
  readonly results: ResultStore;
  /** The record stores that may have entries of a team, or of any: that of `records` first. */
  listRecordStores(team: string | undefined): Promise<readonly NamedRecords[]>;
  /** The result stores that tasks may have named, beside `results`. */
  listResultStores(): Promise<readonly NamedResults[]>;
  /** Whether tasks may have named a result store that forgets: their records do not say where the bytes are. */
  mayForgetResults(): Promise<boolean>;
  /** The records of a store that tasks name; its calls reject if there is none. */
  namedRecords(name: string): RecordStore;
  /** Where the values of runs' XComs are that no other store has: in the metadata database. */
  readonly xcomResults: ResultStore;
  /**
   * How XComs refer to values in `results`: by the name of the store, or by `null` where that is the metadata
   * database. Undefined: they must not, since it may forget them.
   */
  readonly valueStore: string | null | undefined;
  /** The values of XComs, wherever they are. */
  readonly values: Values;
  /** Locks of cache keys, by the names of the config. */
  readonly lockStores: LockStoreDirectory;
  /** Cache counters by task; always in the metadata database. */
  readonly counters: CounterStore;
  readonly superseded: SupersededStore;
  /** Entries of job caches; always in the metadata database. */
  readonly entries: EntryStore;
  /** The caches that the config names. */
  readonly namedCaches: NamedCaches;
  /** Opens a store of bytes of the config. @throws MemodagError `config_invalid` if there is none of that name */
  openByteStore(name: string): Promise<ByteStore>;
  /** Explanations of misses; always in the metadata database. */
  readonly decisions: DecisionStore & AgedStore;
  /** Remembered answers of key functions. */
  readonly keyMemos: KeyMemos & AgedStore;
  readonly cacheSwitch: CacheSwitch;
  readonly breakers: BreakerStates;
  readonly audit: AuditLog & AgedStore;
  /** The code that source hashes of tasks were computed from. */
  readonly sources: AgedStore;
  /** Leases that are over, and the like. */
  readonly staleRows: AgedStore;
  readonly freeSpace: FreeSpace;
  /** Attempts that workers of other machines run. */
  readonly remoteAttempts: RemoteAttemptStore;
  readonly workerHosts: WorkerHostStore;
  readonly workerTokens: WorkerTokenStore;
  readonly apiTokens: ApiTokenStore;
  /** Processes of services. */
  readonly processes: ProcessBoard;
}

/** The settings of the config that operations need. */
export interface OperationSettings {
  /** Patterns of names whose values are never shown. */
  readonly secretPatterns: readonly string[];
  /** Why the config switches caching off; `null` when it does not. */
  readonly cachingOffReason: () => string | null;
  /** Size limit of the cache in bytes; `null`: no limit. */
  readonly maxCacheBytes: () => number | null;
  /** How long entries of a run stay after its end, in milliseconds; `null`: without limit. */
  readonly keepEntriesMs: () => number | null;
  /** Job caches that have a size limit. */
  readonly entryLimits: readonly EntryLimit[];
  /** How long what is kept, and how much of it. */
  readonly retention: () => RetentionLimits;
  /** The name of the cache's stores in the config, for messages. */
  readonly cacheBackend: string;
  /** Slots of each pool by its name. */
  readonly poolSlots: () => ReadonlyMap<string, number>;
  /** When a worker on another machine counts as lost. */
  readonly workerLimits: LossLimits;
  /** The scopes of the deployment. */
  readonly scopes: Scopes;
  /** The key that entries are sealed with; `undefined` where there is none yet. */
  readonly findSealKey: () => Uint8Array | undefined;
  /** Checks the signatures of entries; `undefined`: the config has no public keys. */
  readonly openSignatures: () => SignatureChecks | undefined;
}

/** The context in which an operation runs. */
export interface OperationContext {
  readonly stores: Stores;
  /** The logs of attempts. */
  readonly logs: LogStore;
  /** Opens the copies of artifacts on this machine. */
  openArtifactCopies(): Promise<ArtifactCopyStore>;
  /** Opens what foretells runs. Absent: this process does not. */
  readonly openPlanner?: () => Promise<RunPlanner>;
  /** Who is written down as having done it. */
  readonly actor: AuditActor;
  /** Identifies a request that may be repeated: a run is made once for it. Absent: each request makes one. */
  readonly requestKey?: Digest;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: OperationSettings;
}
