// An entry of the cache in the shape that `cache ls --json` prints.

import { RETURN_VALUE, type Producer } from "@memodag/core";
import type { CacheRecord } from "@memodag/result-cache";
import { isoTime } from "../iso-time.ts";

/** An entry of the cache. Times are ISO 8601 in UTC. */
export interface RecordReport {
  readonly key: string;
  readonly team: string;
  readonly dagId: string;
  readonly taskId: string;
  readonly sourceHash: string;
  /** Digest of the returned value. */
  readonly resultDigest: string | null;
  /** Bytes of all its values. */
  readonly sizeBytes: number;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastHitAt: string | null;
  readonly hitCount: number;
  /** How long the attempt took that made it. */
  readonly durationMs: number;
  readonly producer: Producer;
  /** Milliseconds since it was made, by the store's clock. */
  readonly ageMs: number;
  /** Milliseconds that its hits did not have to take. */
  readonly savedMs: number;
}

/** Results with other bytes that came while the entry was live. */
export interface DifferingReport {
  readonly nondeterministicCount: number;
  readonly lastDiffering: {
    readonly resultDigest: string;
    readonly runId: string;
    readonly at: string;
  } | null;
}

/** What is known of results that differed from an entry. */
export function reportDiffering({ differing }: CacheRecord): DifferingReport {
  if (!differing) return { nondeterministicCount: 0, lastDiffering: null };
  const { count, digest, runId, at } = differing;
  return {
    nondeterministicCount: count,
    lastDiffering: { resultDigest: digest, runId, at: isoTime(at) },
  };
}

/** Puts an entry's report together. */
export function reportRecord(record: CacheRecord): RecordReport {
  const { key, team, dagId, taskId, sourceHash, hitCount, durationMs, producer } = record;
  return {
    key,
    team,
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
  };
}
