// The operations of a database that differ between dialects. The folders of the dialects
// implement it, file by file alike; nothing outside them knows which dialect it talks to.

import type {
  ClaimedRun,
  ClaimRequest,
  Digest,
  EntryPlace,
  PassOutcome,
  PassWrite,
  Watch,
} from "@memodag/core";
import type { SchemaDialect } from "@memodag/migrations";
import type {
  Amount,
  FoundRecord,
  CollectableRecord,
  DecidedInstance,
  KeyLease,
  RemovalCause,
  ResultBytes,
  StoreCallOptions,
} from "@memodag/result-cache";
import type {
  AliasedRawBuilder,
  Compilable,
  Expression,
  Kysely,
  OperationNodeSource,
  RawBuilder,
  SqlBool,
  Transaction,
} from "kysely";
import type { CopySide } from "./copy-side.ts";
import type { RestoredRow } from "./rows/restored-row.ts";
import type { Schema } from "./tables/schema.ts";
import type { TransactionScript } from "./transaction-script.ts";

/** The databases that memodag runs on. */
export const DIALECT_NAMES = ["sqlite", "postgres"] as const;

/** Name of a database that memodag runs on. */
export type DialectName = (typeof DIALECT_NAMES)[number];

/** How often a call is to be counted against a record. */
export interface HitCount {
  readonly key: Digest;
  readonly count: number;
}

/** Why a database cannot be used. */
export interface DatabaseFault {
  readonly code: "database_read_only" | "database_failed";
  /** In the database's words. */
  readonly reason: string;
  readonly remedy: string;
}

/** How a pass is written. */
export interface PassOptions {
  /** Nothing of it stays, whatever it comes to. */
  readonly isTrial?: boolean;
}

/** A key, and the instance that asked for it. */
export type AskedKey = DecidedInstance & { readonly key: Digest };

/** Another key that an instance had, as its row says. */
export interface EarlierKeyRow {
  /** Place of the instance among those that were asked about. */
  readonly place: number;
  readonly key: string;
  readonly run_id: string;
  /** JSON. */
  readonly components: string;
}

/** A record as a purge found it. */
export interface DoomedRecord {
  readonly team: string;
  readonly key: string;
  /** Tells it from one that took its place since. */
  readonly createdAt: number;
}

/** A query whose rows can be locked. */
export interface LockableQuery<Q> {
  forUpdate(): Q & { skipLocked(): Q };
}

/** A statement that changes rows and returns them. */
export type ChangingQuery<Row> = Compilable<Row> & OperationNodeSource & { execute(): Promise<Row[]> };

/** An open database of one kind. */
export interface Dialect {
  readonly name: DialectName;
  /** For everything that is not hot: single statements, and the texts of scripts. */
  readonly kysely: Kysely<Schema>;
  readonly schema: SchemaDialect;
  /** Bytes that a result may have to be stored and read again. */
  readonly maxResultBytes: number;
  /** The database's clock, in milliseconds since the Unix epoch; one value within a statement. */
  readonly now: RawBuilder<number>;
  /** Says of a condition that it holds for many rows, where a planner without statistics takes it for few. */
  broad(condition: Expression<SqlBool>): Expression<SqlBool>;
  /**
   * Has a query lock the rows that it finds, in its order, and wait for those that others have locked or skip them.
   * Does nothing where transactions take turns.
   */
  lockingRows<Q extends LockableQuery<Q>>(query: Q, others: "wait" | "skip"): Q;
  /** Runs a script in one transaction that takes SQLite's write lock at its start; undone when it throws. */
  transaction<T>(script: () => TransactionScript<T>): Promise<T>;
  /** Keeps other writers of these job caches out until the transaction ends. */
  lockPlaces(places: readonly EntryPlace[]): TransactionScript<void>;
  /** The rows as a table of a statement: key, number of the bytes, lifetime. */
  restoredRows(rows: readonly RestoredRow[]): RawBuilder<unknown>;
  /** The database as one side of a copy; loaded when it is asked for. */
  copySide(): Promise<CopySide>;
  /** Does work that may have to wait for the migration of another process, which takes longer than other writes. */
  awaitingMigration<T>(work: () => Promise<T>): Promise<T>;
  /** Keeps other migrators out until the transaction ends. */
  lockForMigration(transaction: Transaction<Schema>): Promise<void>;

  /**
   * How other processes' changes are heard of. `pushed`: the database tells of what was announced.
   * `checked`: a look at a number, a few times a second, that moves with every change.
   */
  readonly changes: "pushed" | "checked";
  /** Says that there may be a run to claim; does nothing where changes are polled. */
  announceRuns(): Promise<void>;
  /** See the port. */
  watchRuns(listener: () => void): Promise<Watch>;
  /** Says that attempts of other machines, or their hosts, have changed: to every watching process. */
  announceAttempts(): Promise<void>;
  /** Runs a statement that changes attempts; the change is announced with it, if it returns any row. */
  announcingAttempts<Row>(change: ChangingQuery<Row>): Promise<readonly Row[]>;
  /**
   * To be returned by a statement that is a transaction of its own: it does not wait until its commit is on disk, and may
   * be lost when the database's machine crashes. A later commit that waits saves it, too.
   */
  readonly unflushed: AliasedRawBuilder<unknown, "unflushed">;
  /** See the port. */
  watchAttempts(listener: () => void): Promise<Watch>;

  claimRuns(request: ClaimRequest): Promise<ClaimedRun[]>;
  writePass(pass: PassWrite, options?: PassOptions): Promise<PassOutcome>;
  /** By keys as stored; see `storedKey`. */
  findRecords(
    team: string,
    keys: readonly string[],
    options: StoreCallOptions,
  ): Promise<Map<string, FoundRecord>>;
  countHits(team: string, hits: readonly HitCount[]): Promise<void>;
  readResults(
    team: string,
    digests: readonly Digest[],
    options: StoreCallOptions,
  ): Promise<Map<Digest, Uint8Array>>;
  writeResults(team: string, results: readonly ResultBytes[]): Promise<void>;
  /** Deletes what was written so long ago, and neither an XCom nor a record names. */
  deleteResults(team: string, digests: readonly Digest[], olderThanMs: number): Promise<Amount>;
  /** Renews the leases that are still held; resolves to those, in any order. */
  renewLeases(leases: readonly KeyLease[], leaseMs: number): Promise<Pick<KeyLease, "team" | "key">[]>;
  /** Frees the leases that are still held; see the lease store. */
  releaseLeases(leases: readonly KeyLease[]): Promise<void>;
  /** Deletes records that were neither used nor replaced since and have no lease, and records why. */
  deleteRecords(records: readonly CollectableRecord[], cause: RemovalCause): Promise<Amount>;
  /**
   * Deletes records that were not replaced since they were found, and records why; resolves to how many. Where
   * there is more than one writer, what others hold stays.
   */
  purgeFound(found: readonly DoomedRecord[], cause: RemovalCause): Promise<number>;
  /** Latest first; see the decision store. */
  listEarlierKeys(asked: readonly AskedKey[], limit: number): Promise<EarlierKeyRow[]>;
  /** Those first that contain the most of the parts, as JSON has them; see the decision store. */
  listNearestKeys(
    asked: AskedKey,
    parts: readonly string[],
    limit: number,
  ): Promise<Omit<EarlierKeyRow, "place">[]>;
  /** See {@link FreeSpace}; in pages. */
  giveBackPages(most: number, kept: number): Promise<number>;
  /** See the metastore. */
  onConnectionBroken(listener: (reason: string) => void): void;
  close(): Promise<void>;
}
