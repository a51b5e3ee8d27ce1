// The record half of a cache backend: key → metadata. Where the bytes are is the result store's matter.

import type { Digest, Producer, RecordedEntry, StoredError } from "@memodag/core";
import type { LeaseToken } from "./lease-store.ts";
import type { RecordedComponents } from "./key-components.ts";
import type { RecordedXCom } from "./recorded-xcom.ts";
import type { Removal, RemovalCause } from "./removal.ts";
import type { RecordRetention } from "./retention-ports.ts";

export type { RecordedXCom, Removal, RemovalCause };

/** A result to remember. Times are milliseconds. */
export interface NewCacheRecord {
  readonly team: string;
  readonly key: Digest;
  readonly dagId: string;
  readonly taskId: string;
  readonly sourceHash: Digest;
  readonly components: RecordedComponents;
  /** All XComs that the task pushed, `return_value` among them; none of a failure. */
  readonly xcoms: readonly RecordedXCom[];
  /** The failure that is remembered in place of a result; `null`: a result is. */
  readonly error: StoredError | null;
  readonly producer: Producer;
  /** How long the attempt took that a hit saves. */
  readonly durationMs: number;
  /** How long the writer thinks it is good for; for collection alone: the reader's ttl decides a hit. */
  readonly ttlMs: number | null;
  /** How long any reader may use it, by the store's clock, whatever its own ttl. Absent: the readers' ttl decides alone. */
  readonly validForMs?: number;
  /**
   * Entries of job caches that a hit restores. Absent: none. Only a store with `keepsEntries` is given records with
   * entries: it keeps their bytes from being collected.
   */
  readonly entries?: readonly RecordedEntry[];
  /** Ties the record to its XComs, for verification; kept as it is, by a store that keeps it. */
  readonly seal?: string;
  /** In place of a seal: ties the record to its XComs and its origin, for every lookup; kept as it is. */
  readonly signature?: string;
}

/** How long a record is kept before it may be collected, in milliseconds; `null`: without limit. */
export function keepForMs({
  ttlMs,
  validForMs,
}: Pick<NewCacheRecord, "ttlMs" | "validForMs">): number | null {
  if (ttlMs === null || validForMs === undefined) return ttlMs ?? validForMs ?? null;
  return Math.min(ttlMs, validForMs);
}

/** Results with other bytes than a record's that came while it was live. */
export interface DifferingResults {
  readonly count: number;
  /** Return value of the last of them. */
  readonly digest: Digest;
  /** Run of the last of them. */
  readonly runId: string;
  /** When the last of them came. */
  readonly at: number;
}

/** A remembered result. Times are milliseconds since the Unix epoch by the store's clock. */
export interface CacheRecord extends Omit<NewCacheRecord, "ttlMs"> {
  readonly createdAt: number;
  /** When it may be collected; `null`: never. */
  readonly expiresAt: number | null;
  readonly lastHitAt: number | null;
  readonly hitCount: number;
  /** Age by the store's clock when it was read, which readers compare with their ttl. */
  readonly ageMs: number;
  /** Not there when there were none. */
  readonly differing?: DifferingResults;
  /** Of a listing: the scope that made it; of a lookup, if it is another scope than the own. See `ScopedRecords`. */
  readonly scope?: string;
}

/** The fields of a record that a lookup reads: for hits, for their explanation, and to tell it from another. */
export type FoundRecord = Pick<
  CacheRecord,
  | "team"
  | "key"
  | "xcoms"
  | "error"
  | "producer"
  | "durationMs"
  | "createdAt"
  | "ageMs"
  | "validForMs"
  | "entries"
  | "signature"
  | "scope"
>;

/** The run that made a record. */
export interface ProducingRun {
  readonly dagId: string;
  readonly runId: string;
}

/** Which records; every field narrows. All text is matched whole, never as a pattern. */
export interface RecordFilter {
  /** Absent: the own scope of the deployment. For stores that have scopes; see `ScopedRecords`. */
  readonly scope?: string;
  readonly team?: string;
  readonly dagId?: string;
  readonly taskId?: string;
  readonly key?: Digest;
  readonly keyPrefix?: string;
  readonly sourceHash?: Digest;
  /** Made by this run. Runs of one date have the same id in every Dag, so a run is named with its Dag. */
  readonly run?: ProducingRun;
  readonly olderThanMs?: number;
  /** Made at that very moment, by the store's clock: tells a record from one that took its place. */
  readonly createdAt?: number;
  readonly expired?: boolean;
}

/**
 * The order of a listing: the making, the size of all XComs, hits, what hits have saved (hits
 * times duration).
 */
export const RECORD_SORTS = ["age", "size", "hits", "saved"] as const;

/** See {@link RECORD_SORTS}. */
export type RecordSort = (typeof RECORD_SORTS)[number];

/** Where in a listing a record stands, or stood. */
export interface RecordPosition {
  /** The value by which it is sorted. */
  readonly value: number;
  readonly key: Digest;
}

/** A slice of a listing. Records that are alike in what it is sorted by stand in the order of their keys. */
export interface RecordPage {
  readonly limit: number;
  /** How many to pass over, of those that come after `after`. */
  readonly offset: number;
  /** Records that come after this position: one that is stored meanwhile moves none to another page. */
  readonly after?: RecordPosition;
  /** Default: `age`. */
  readonly sort?: RecordSort;
  /** The oldest, smallest or least first. Default: the newest, largest or most first. */
  readonly ascending?: boolean;
}

/** Sums over records, by task. */
export interface TaskRecordStats {
  readonly team: string;
  readonly dagId: string;
  readonly taskId: string;
  readonly entries: number;
  readonly sizeBytes: number;
}

/**
 * How a put treats a live result under the same key. An expired row, and one that remembers a failure,
 * is always replaced.
 */
export type PutMode = "keep-live" | "replace";

/** The outcome of a put: `kept` names the digest of the return value that is there already. */
export type PutOutcome =
  | { readonly kind: "stored" }
  | { readonly kind: "kept"; readonly resultDigest: Digest }
  /** The lease of the call is not held any more: nothing was stored. */
  | { readonly kind: "lease_lost" };

/** A record that is stored with others. */
export interface RecordPut {
  readonly record: NewCacheRecord;
  readonly mode: PutMode;
  /** As for `put`: if one lease is not held any more, no record is stored. */
  readonly lease?: LeaseToken;
}

/** Options of a call that has a deadline. */
export interface StoreCallOptions {
  /** Ends the work behind the call, not the waiting alone. */
  readonly signal?: AbortSignal;
}

/** How often a record was hit since it was last counted. */
export interface RecordHits {
  readonly key: Digest;
  readonly count: number;
}

/**
 * Keeps one record for each (team, key): all that lookups and storing need, narrow enough for a key-value store.
 * Implementations must be exact about the team. Any method may throw; the cache turns that into a miss.
 */
export interface RecordLookup {
  /** Records of that team under those keys; keys without one are not in the map. Never writes. */
  find(team: string, keys: readonly Digest[], options?: StoreCallOptions): Promise<Map<Digest, FoundRecord>>;
  /**
   * Stores a record where there is no live one, or in place of it. A put that keeps may note the result that it was
   * given, when that differs, as `differing`.
   * @param lease a store in the same database stores only while the lease is held, in the same step; others ignore it
   */
  put(record: NewCacheRecord, mode: PutMode, lease?: LeaseToken): Promise<PutOutcome>;
  /**
   * Stores records so that all of them become visible at one moment, and resolves to their outcomes in order. Undefined,
   * and nothing is stored: this store cannot. Absent: likewise.
   */
  putAll?(puts: readonly RecordPut[]): Promise<readonly PutOutcome[] | undefined>;
  /** Notes that records were used, in one batch, off the lookup's path. A store may have no use for it. */
  touch(team: string, hits: readonly RecordHits[]): Promise<void>;
}

/** Lists, counts and deletes records. A backend that only finds them by key has no catalog. */
export interface RecordCatalog {
  list(filter: RecordFilter, page: RecordPage): Promise<CacheRecord[]>;
  stats(filter: RecordFilter): Promise<TaskRecordStats[]>;
  count(filter: RecordFilter): Promise<number>;
  /**
   * Deletes what matches and resolves to how many.
   * @param cause for {@link findRemovals}; `purged` unless said otherwise
   */
  purge(filter: RecordFilter, cause?: RemovalCause): Promise<number>;
  /**
   * How keys of that team lost their records, for explanations; keys of which that is not known are not in
   * the map. A store may do without, or forget.
   */
  findRemovals?(team: string, keys: readonly Digest[]): Promise<Map<Digest, Removal> | undefined>;
  /** For collecting and verifying, once; a backend without it is left alone by both. */
  retention?(): Promise<RecordRetention | undefined>;
}

/** Records with their catalog, as the backends of memodag have them. */
export interface RecordStore extends RecordLookup, RecordCatalog {}
