// The record that a staged member's result is stored as, when its transaction is committed.

import type {
  CacheStatus,
  Digest,
  Reason,
  RunCacheLimits,
  SerializedCacheConfig,
  StagedMember,
} from "@memodag/core";
import type { PutMode, StagedXCom } from "@memodag/result-cache";
import type { PlacedXCom } from "../../attempts/value-intake.ts";
import type { PreparedRecord } from "./prepare-record.ts";

/**
 * The content of a staged member's body.
 *
 * - `own`: it took the result of another member.
 * - `record`: its result is stored as a record.
 * - `part`: its result is part of the record of its transaction.
 */
export type StagedBody =
  | { readonly kind: "own" }
  | {
      readonly kind: "record";
      readonly mode: PutMode;
      /** The outcome of its lookup, which storing the result replaces or restores. */
      readonly asked: { readonly cacheStatus: CacheStatus | null; readonly cacheReason: Reason | null };
      readonly record: PreparedRecord;
      readonly xcoms: readonly StagedXCom[];
      /** When its attempt ended, in milliseconds since the Unix epoch. */
      readonly endedAt: number;
      /** Milliseconds after that for which other tasks of the transaction may take the result. Absent: no limit. */
      readonly validForMs?: number;
      /** When the result expires whenever it is stored, in milliseconds since the Unix epoch. Absent: it does not. */
      readonly expiresAt?: number;
    }
  | {
      readonly kind: "part";
      readonly mode: PutMode;
      /** As for `record`. */
      readonly asked: { readonly cacheStatus: CacheStatus | null; readonly cacheReason: Reason | null };
      /** The key of the transaction's record. */
      readonly key: Digest;
      readonly xcoms: readonly StagedXCom[];
      readonly expiresAt?: number;
      /** The record but for its values. Of one of the instances. */
      readonly record?: PreparedRecord;
    };

export type StagedRecord = Extract<StagedBody, { kind: "record" }>;
export type StagedPart = Extract<StagedBody, { kind: "part" }>;

/** Returns the body of a member; `null`: nothing is to be stored. */
export function bodyOf({ body }: StagedMember): StagedBody | null {
  return body === null ? null : (JSON.parse(body) as StagedBody);
}

/** Refers to the values of a result where runs have them. */
export function stagedXComs(xcoms: readonly PlacedXCom[]): StagedXCom[] {
  return xcoms.map(({ key, digest, bytes, store }) => ({ key, digest, store, sizeBytes: bytes.length }));
}

/** The conditions of a task that is to take the result of another one. */
export interface StagedReader {
  readonly config: SerializedCacheConfig;
  readonly defaultTtlMs: number | null;
  readonly limits: RunCacheLimits | undefined;
}

/** True if a staged result is too old for a reader, or has expired; as a lookup says of a stored one. */
export function isTooOld(
  { endedAt, validForMs }: StagedRecord,
  { config: { ttlMs }, defaultTtlMs, limits }: StagedReader,
  now: number,
): boolean {
  const ownTtlMs = ttlMs === "default" ? defaultTtlMs : ttlMs;
  const longestMs = Math.min(ownTtlMs ?? Infinity, validForMs ?? Infinity, limits?.ttlMs ?? Infinity);
  return now - endedAt >= longestMs;
}
