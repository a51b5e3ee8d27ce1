// A cache entry in the form that `cache ls --json` prints.

import { RETURN_VALUE, type Producer } from "@memodag/core";
import type { CacheRecord, ListedRecord, SignatureChecks } from "@memodag/result-cache";
import { isoTime } from "../iso-time.ts";

/** An entry of the cache. Times are ISO 8601 in UTC. */
export interface RecordReport {
  readonly key: string;
  /** The store of the record, by its name in the config. Absent: that of the deployment. */
  readonly store?: string;
  readonly team: string;
  /** The scope that made it. */
  readonly scope: string;
  readonly dagId: string;
  readonly taskId: string;
  readonly sourceHash: string;
  /** Digest of the returned value. */
  readonly resultDigest: string | null;
  /** Total bytes of its values. */
  readonly sizeBytes: number;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastHitAt: string | null;
  readonly hitCount: number;
  /** The duration of the attempt that produced it. */
  readonly durationMs: number;
  readonly producer: Producer;
  /** Milliseconds since it was created, by the store's clock. */
  readonly ageMs: number;
  /** Milliseconds that its hits saved. */
  readonly savedMs: number;
  /**
   * Whether its signature is right. `unknown_key`: it is signed with a key that [signatures] public_keys does not have.
   */
  readonly signature: "valid" | "invalid" | "unknown_key" | "none";
}

/** Results with different bytes that were computed while the entry was live. */
export interface DifferingReport {
  readonly nondeterministicCount: number;
  readonly lastDiffering: {
    readonly resultDigest: string;
    readonly runId: string;
    readonly at: string;
  } | null;
}

/** Reports the results that differed from an entry. */
export function reportDiffering({ differing }: CacheRecord): DifferingReport {
  if (!differing) return { nondeterministicCount: 0, lastDiffering: null };
  const { count, digest, runId, at } = differing;
  return {
    nondeterministicCount: count,
    lastDiffering: { resultDigest: digest, runId, at: isoTime(at) },
  };
}

const SIGNATURES = { right: "valid", wrong: "invalid", foreign: "unknown_key", none: "none" } as const;

/**
 * Builds the report of an entry.
 * @param ownScope that of the deployment
 */
export function reportRecord(
  record: ListedRecord,
  ownScope: string,
  signatures: SignatureChecks | undefined,
): RecordReport {
  const state = record.signature === undefined ? "none" : (signatures?.check(record) ?? "foreign");
  const { key, storeName: store, team, dagId, taskId, sourceHash, hitCount, durationMs, producer } = record;
  return {
    key,
    ...(store !== undefined && { store }),
    team,
    scope: record.scope ?? ownScope,
    dagId,
    taskId,
    sourceHash,
    resultDigest: record.xcoms.find((xcom) => xcom.key === RETURN_VALUE)?.digest ?? null,
    sizeBytes: record.xcoms.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    createdAt: isoTime(record.createdAt),
    expiresAt: isoTime(record.expiresAt),
    lastHitAt: isoTime(record.lastHitAt),
    hitCount,
    durationMs,
    producer: { runId: producer.runId, mapIndex: producer.mapIndex, tryNumber: producer.tryNumber },
    ageMs: record.ageMs,
    savedMs: hitCount * durationMs,
    signature: SIGNATURES[state],
  };
}
