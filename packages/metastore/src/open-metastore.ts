// Opens the metadata database that a url names.

import type {
  ApiSessionStore,
  ApiTokenStore,
  AuditLog,
  ByteStore,
  CallbackStore,
  ChangeFeed,
  DagStore,
  EntryStore,
  HumanStore,
  KeyMemos,
  LogStore,
  RemoteAttemptStore,
  RemoteChangeFeed,
  RemoteLogStore,
  RunRetention,
  RunStore,
  RunViews,
  ScheduleStore,
  WorkerHostStore,
  WorkerTokenStore,
  ProcessBoard,
} from "@memodag/core";
import {
  ScopedRecords,
  type AgedStore,
  type CounterStore,
  type DecisionStore,
  type LeaseStore,
  type OutsideScope,
  type RecordStore,
  type ResultStore,
  type Scopes,
  type SupersededStore,
  type WrittenResults,
} from "@memodag/result-cache";
import { MetadataAuditLog } from "./audit/metadata-audit-log.ts";
import type { ValueAdapter } from "@memodag/value-cache";
import { MetadataValueAdapter } from "./cache/metadata-value-adapter.ts";
import { MetadataByteStore } from "./cache/metadata-byte-store.ts";
import { MetadataDecisionStore } from "./cache/metadata-decision-store.ts";
import { MetadataCounterStore } from "./cache/metadata-counter-store.ts";
import { MetadataKeyMemoStore } from "./cache/metadata-key-memo-store.ts";
import { MetadataLeaseStore } from "./cache/metadata-lease-store.ts";
import { BreakerStates } from "./cache/breaker-states.ts";
import { findInScopes } from "./cache/find-in-scopes.ts";
import { CacheSwitch } from "./cache/cache-switch.ts";
import { MetadataRecordStore } from "./cache/metadata-record-store.ts";
import { MetadataResultStore } from "./cache/metadata-result-store.ts";
import { MetadataWrittenResults } from "./cache/metadata-written-results.ts";
import { MetadataEntryStore } from "./entries/metadata-entry-store.ts";
import { MetadataDagStore } from "./dags/metadata-dag-store.ts";
import { MetadataSourceRetention } from "./dags/metadata-source-retention.ts";
import { MetadataSupersededStore } from "./dags/metadata-superseded-store.ts";
import { parseDatabaseUrl } from "./database-url.ts";
import type { Dialect, DialectName } from "./dialect.ts";
import { MetadataRemoteAttemptStore } from "./remote/metadata-remote-attempt-store.ts";
import { MetadataAttemptLogStore } from "./remote/metadata-attempt-log-store.ts";
import { MetadataWorkerHostStore } from "./remote/metadata-worker-host-store.ts";
import { MetadataApiSessionStore } from "./api/metadata-api-session-store.ts";
import { MetadataProcessBoard } from "./processes/metadata-process-board.ts";
import { MetadataApiTokenStore } from "./api/metadata-api-token-store.ts";
import { MetadataWorkerTokenStore } from "./remote/metadata-worker-token-store.ts";
import { migrate, migrationStatus, requireMigrated, type MigrationStatus } from "./migrate.ts";
import { openDialect, type MetastoreOptions } from "./open-dialect.ts";
import { MetadataCallbackStore } from "./runs/metadata-callback-store.ts";
import { MetadataHumanStore } from "./runs/metadata-human-store.ts";
import { MetadataRunRetention } from "./retention/metadata-run-retention.ts";
import { FreeSpace } from "./retention/free-space.ts";
import { StaleRows } from "./retention/stale-rows.ts";
import { MetadataRunStore } from "./runs/metadata-run-store.ts";
import { MetadataRunViews } from "./views/metadata-run-views.ts";
import { readClock } from "./read-clock.ts";
import { requireWritable } from "./require-writable.ts";
import { MetadataScheduleStore } from "./schedules/metadata-schedule-store.ts";

/** An open metadata database. */
export interface Metastore {
  readonly dialect: DialectName;
  /** Bytes that an XCom or a result may have; a larger one is refused by each pass anew. */
  readonly maxResultBytes: number;
  readonly dags: DagStore;
  readonly runs: RunStore;
  /** Runs as people look at them. */
  readonly views: RunViews;
  /** Removing ended runs. */
  readonly runRetention: RunRetention;
  readonly schedules: ScheduleStore;
  readonly callbacks: CallbackStore;
  /** Requests of tasks to people. */
  readonly humans: HumanStore;
  readonly changes: ChangeFeed & RemoteChangeFeed;
  /** Attempts that workers of other machines run. */
  readonly remoteAttempts: RemoteAttemptStore;
  readonly workerHosts: WorkerHostStore;
  readonly workerTokens: WorkerTokenStore;
  /** Tokens of the REST API. */
  readonly apiTokens: ApiTokenStore;
  /** Sessions of the REST API. */
  readonly apiSessions: ApiSessionStore;
  /** Processes of services. */
  readonly processes: ProcessBoard;
  /** Logs of attempts that ran on other machines. */
  readonly attemptLogs: LogStore & RemoteLogStore;
  /** Those of the scope `default`. */
  readonly records: RecordStore;
  /** The records of a deployment with scopes. */
  openRecords(scopes: Scopes, outside?: ReadonlyMap<string, OutsideScope | null>): RecordStore;
  readonly results: ResultStore;
  /** Which results other stores may hold. */
  readonly written: WrittenResults;
  /** Bytes of any size. */
  readonly bytes: ByteStore;
  /** Entries of job caches. */
  readonly entries: EntryStore;
  readonly counters: CounterStore;
  /** Why instances did not hit. */
  readonly decisions: DecisionStore & AgedStore;
  /** Answers of pure key functions. */
  readonly keyMemos: KeyMemos & AgedStore;
  /** Versions of Dags, and artifacts, that nothing refers to any more. */
  readonly superseded: SupersededStore;
  readonly cacheSwitch: CacheSwitch;
  readonly breakers: BreakerStates;
  readonly audit: AuditLog & AgedStore;
  /** The code that source hashes of tasks were computed from. */
  readonly sources: AgedStore;
  /** Leases that are over, and the like. */
  readonly staleRows: AgedStore;
  readonly freeSpace: FreeSpace;
  /** Those of the scope `default`. */
  readonly leases: LeaseStore;
  /** The leases of another scope. */
  openLeases(scope: string): LeaseStore;
  /** Values of get-or-create. */
  readonly valueCaches: ValueAdapter;
  /**
   * Applies pending migrations; safe in any number of processes at once.
   * @returns the names of those that this call applied
   * @throws MemodagError `database_newer`
   */
  migrate(): Promise<readonly string[]>;
  migrationStatus(): Promise<MigrationStatus>;
  /** @throws MemodagError `database_not_migrated`, `database_newer` */
  requireMigrated(): Promise<void>;
  /** Writes and takes it back. @throws MemodagError `database_read_only`, `database_failed` */
  requireWritable(): Promise<void>;
  /** The database's clock, in milliseconds since the Unix epoch. */
  readClock(): Promise<number>;
  /** Has `listener` hear when connections break without a word of the server, and are made anew. */
  onConnectionBroken(listener: (reason: string) => void): void;
  /** May be called more than once. */
  close(): Promise<void>;
}

/**
 * Opens the database at `sqlite:PATH`, `sqlite::memory:`, `postgres://…` or `postgresql://…`. Makes a
 * missing SQLite file and its folder; changes no schema.
 * @throws MemodagError `database_unreachable`
 */
export async function openMetastore(url: string, options: MetastoreOptions = {}): Promise<Metastore> {
  const dialect = await openDialect(parseDatabaseUrl(url, options.folder ?? process.cwd()), options);
  return {
    dialect: dialect.name,
    maxResultBytes: dialect.maxResultBytes,
    dags: new MetadataDagStore(dialect),
    runs: new MetadataRunStore(dialect),
    views: new MetadataRunViews(dialect),
    runRetention: new MetadataRunRetention(dialect),
    schedules: new MetadataScheduleStore(dialect),
    callbacks: new MetadataCallbackStore(dialect),
    humans: new MetadataHumanStore(dialect),
    changes: {
      watchRuns: (listener) => dialect.watchRuns(listener),
      watchAttempts: (listener) => dialect.watchAttempts(listener),
    },
    remoteAttempts: new MetadataRemoteAttemptStore(dialect),
    workerHosts: new MetadataWorkerHostStore(dialect),
    workerTokens: new MetadataWorkerTokenStore(dialect),
    apiTokens: new MetadataApiTokenStore(dialect),
    apiSessions: new MetadataApiSessionStore(dialect),
    processes: new MetadataProcessBoard(dialect),
    attemptLogs: new MetadataAttemptLogStore(dialect),
    records: new MetadataRecordStore(dialect),
    openRecords: (scopes, outside) => openRecords(dialect, scopes, outside),
    results: new MetadataResultStore(dialect),
    written: new MetadataWrittenResults(dialect),
    bytes: new MetadataByteStore(dialect),
    entries: new MetadataEntryStore(dialect),
    counters: new MetadataCounterStore(dialect),
    decisions: new MetadataDecisionStore(dialect),
    keyMemos: new MetadataKeyMemoStore(dialect),
    superseded: new MetadataSupersededStore(dialect),
    cacheSwitch: new CacheSwitch(dialect),
    breakers: new BreakerStates(dialect),
    audit: new MetadataAuditLog(dialect),
    sources: new MetadataSourceRetention(dialect),
    staleRows: new StaleRows(dialect),
    freeSpace: new FreeSpace(dialect),
    leases: new MetadataLeaseStore(dialect),
    openLeases: (scope) => new MetadataLeaseStore(dialect, scope),
    valueCaches: new MetadataValueAdapter(dialect),
    migrate: () => migrate(dialect),
    migrationStatus: () => migrationStatus(dialect),
    requireMigrated: () => requireMigrated(dialect),
    requireWritable: () => requireWritable(dialect),
    readClock: () => readClock(dialect),
    onConnectionBroken: (listener) => dialect.onConnectionBroken(listener),
    close: () => dialect.close(),
  };
}

function openRecords(
  dialect: Dialect,
  scopes: Scopes,
  outside: ReadonlyMap<string, OutsideScope | null> = new Map(),
): RecordStore {
  return new ScopedRecords({
    scopes,
    outside,
    open: (scope) => new MetadataRecordStore(dialect, scope),
    findInScopes: (...call) => findInScopes(dialect, ...call),
  });
}
