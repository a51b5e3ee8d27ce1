// Methods of a store for collection and verification, which the cache itself does not need: a backend may lack them.

import type { Digest, Producer, RecordedEntry, StoredError } from "@memodag/core";
import type { RecordedXCom } from "./recorded-xcom.ts";
import type { RemovalCause } from "./removal.ts";

/**
 * Milliseconds for which bytes that nothing refers to are kept: their writer may be about to refer to
 * them. A store renews the age of bytes that are written again before half of it has passed.
 */
export const ORPHAN_GRACE_MS = 3_600_000;

/** How much of something there is. */
export interface Amount {
  readonly count: number;
  readonly sizeBytes: number;
}

/** A record that may be collected. Times are milliseconds. */
export interface CollectableRecord {
  readonly team: string;
  readonly key: Digest;
  readonly dagId: string;
  readonly taskId: string;
  /** Bytes of all its XComs together. */
  readonly sizeBytes: number;
  /** The last hit or, without one, its making; since the Unix epoch, by the store's clock. */
  readonly usedAt: number;
  /** Since its making. */
  readonly ageMs: number;
}

/** A record as verification sees it. */
export interface ScannedRecord {
  readonly team: string;
  readonly key: Digest;
  /** Milliseconds since the Unix epoch, by the store's clock. */
  readonly createdAt: number;
  readonly dagId: string;
  readonly taskId: string;
  /** None of a remembered failure. */
  readonly xcoms: readonly RecordedXCom[];
  readonly isFailure: boolean;
  /** The entries that a hit restores, as they were put. Absent: none, or the store keeps none. */
  readonly entries?: readonly RecordedEntry[];
  /** See `NewCacheRecord`. */
  readonly validForMs?: number;
  /** As it was put; not there for a record that was put without one. */
  readonly seal?: string;
  /** The signature in place of a seal, with what it covers beside these fields. */
  readonly signed?: {
    readonly signature: string;
    readonly error: StoredError | null;
    readonly producer: Producer;
    readonly durationMs: number;
    readonly sourceHash: Digest;
  };
}

/** Bytes that a result store holds. */
export interface StoredResult {
  readonly team: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  /** Milliseconds since they were last written, as far as the store renews that. */
  readonly ageMs: number;
  /** True when an XCom of a run names them. */
  readonly isShown: boolean;
}

/** Collecting records. Keys under an unexpired lease are in no list and are never deleted. */
export interface RecordRetention {
  /** Tombstones of removed records, if the store keeps any. */
  readonly removals?: AgedStore;
  /** Up to `limit` records that have expired. */
  listExpired(limit: number): Promise<CollectableRecord[]>;
  /** Up to `limit` records that have not expired, least recently used first, after the first `offset`. */
  listLeastUsed(limit: number, offset: number): Promise<CollectableRecord[]>;
  /** All records, or those that have expired. */
  amount(which: "all" | "expired"): Promise<Amount>;
  /** Deletes those of `records` that were not used or replaced since they were listed, and may note why. */
  deleteUnused(records: readonly CollectableRecord[], cause: RemovalCause): Promise<Amount>;
  /** Those of `digests` that a record of the team names. */
  findNamed(team: string, digests: readonly Digest[]): Promise<Set<Digest>>;
  /** All records, up to `limit` at a time. What is put meanwhile may be left out. */
  scan(limit: number): AsyncIterable<readonly ScannedRecord[]>;
}

/** Collecting bytes. */
export interface CollectableResults {
  /** All bytes, up to `limit` at a time. What is written meanwhile may be left out. */
  scan(limit: number): AsyncIterable<readonly StoredResult[]>;
  /**
   * Deletes those that were last written more than `olderThanMs` ago and that, as far as this store
   * knows, neither an XCom nor a record names.
   */
  deleteUnnamed(team: string, digests: readonly Digest[], olderThanMs: number): Promise<Amount>;
}

/** Collecting and verifying bytes. */
export interface ResultRetention extends CollectableResults {
  /** The sizes of those that are there. */
  sizesOf(team: string, digests: readonly Digest[]): Promise<Map<Digest, number>>;
  /** Has collections know of bytes that {@link scan} found, where they do not scan themselves. */
  adopt?(found: readonly StoredResult[]): Promise<void>;
}

/** Data that is of no use after some time. Sizes are 0 if they are not known. */
export interface AgedStore {
  /** How much is older than `olderThanMs`. */
  amount(olderThanMs: number): Promise<Amount>;
  /** Deletes up to `limit` of each kind that are older than `olderThanMs`. */
  deleteBatch(limit: number, olderThanMs: number): Promise<Amount>;
}

/** Versions of Dags that newer ones took the place of and no run refers to, and artifacts of none. */
export interface SupersededStore extends AgedStore {
  /** Those of the artifacts that are still there. */
  findArtifacts(digests: readonly Digest[]): Promise<Set<Digest>>;
}
