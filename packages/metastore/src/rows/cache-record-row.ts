// A cache record as a row, and back.

import { RETURN_VALUE, type Producer, type RecordedEntry, type StoredError } from "@memodag/core";
import type {
  CacheRecord,
  FoundRecord,
  RecordedComponents,
  NewCacheRecord,
  RecordedXCom,
} from "@memodag/result-cache";
import type { Selectable } from "kysely";
import { storableText } from "../storable-text.ts";
import { keyOfStored, storedKey } from "./stored-key.ts";
import type { CacheRecordTable } from "../tables/cache-tables.ts";

/** Columns that a lookup reads: the components alone are as long as all of these together. */
export const FOUND_COLUMNS = [
  "team",
  "key",
  "xcoms",
  "error_code",
  "error_message",
  "producer_run_id",
  "producer_map_index",
  "producer_try_number",
  "duration_ms",
  "created_at",
  "entries",
  "valid_for_ms",
  "signature",
] as const;

const OTHER_COLUMNS = [
  "dag_id",
  "task_id",
  "source_hash",
  "components",
  "expires_at",
  "last_hit_at",
  "hit_count",
] as const;

type RecordColumn = (typeof FOUND_COLUMNS)[number] | (typeof OTHER_COLUMNS)[number];

/** Columns of `cache_record` from which a whole record is made. */
export const RECORD_COLUMNS: readonly RecordColumn[] = [...FOUND_COLUMNS, ...OTHER_COLUMNS];

/** The columns of a lookup, and the record's age when it was read. */
export type FoundRecordRow = Pick<Selectable<CacheRecordTable>, (typeof FOUND_COLUMNS)[number]> & {
  age_ms: number;
};

/** The columns of a whole record, and its age when it was read. */
export type CacheRecordRow = Pick<Selectable<CacheRecordTable>, RecordColumn> & {
  age_ms: number;
};

/** Columns that listings have beside those: what a lookup has no use for. */
export const DIFFERING_COLUMNS = [
  "differing_count",
  "differing_digest",
  "differing_run_id",
  "differing_at",
] as const;

/** Those columns. */
type DifferingRow = Pick<Selectable<CacheRecordTable>, (typeof DIFFERING_COLUMNS)[number]>;

/** The record that a row of a listing holds. */
export function toListedRecord(row: CacheRecordRow & DifferingRow): CacheRecord {
  const record = toCacheRecord(row);
  const { differing_count: count, differing_digest, differing_run_id, differing_at } = row;
  if (count === 0) return record;
  const differing = {
    count,
    digest: differing_digest ?? "",
    runId: differing_run_id ?? "",
    at: differing_at ?? 0,
  };
  return Object.assign(record, { differing });
}

/** The part of a row's record that a lookup needs. */
export function toFoundRecord(row: FoundRecordRow): FoundRecord {
  return {
    team: row.team,
    key: keyOfStored(row.key),
    xcoms: readXComs(row.xcoms),
    error: readError(row),
    producer: readProducer(row),
    durationMs: row.duration_ms,
    createdAt: row.created_at,
    ageMs: row.age_ms,
    ...(row.entries !== null && { entries: readEntries(row.entries) }),
    ...(row.valid_for_ms !== null && { validForMs: row.valid_for_ms }),
    ...(row.signature !== null && { signature: row.signature }),
  };
}

/** The failure that a row remembers. */
export function readError({
  error_code: code,
  error_message,
}: Pick<FoundRecordRow, "error_code" | "error_message">): StoredError | null {
  return code === null ? null : { code, message: error_message ?? "" };
}

/** The instance that made a row's record. */
export function readProducer(
  row: Pick<FoundRecordRow, "producer_run_id" | "producer_map_index" | "producer_try_number">,
): Producer {
  return {
    runId: row.producer_run_id,
    mapIndex: row.producer_map_index,
    tryNumber: row.producer_try_number,
  };
}

/** Damaged text is no list, which no hit takes. */
export function readEntries(json: string): readonly RecordedEntry[] {
  try {
    return JSON.parse(json) as readonly RecordedEntry[];
  } catch {
    return null as unknown as readonly RecordedEntry[];
  }
}

/** The record that a row holds. */
function toCacheRecord(row: CacheRecordRow): CacheRecord {
  return {
    ...toFoundRecord(row),
    dagId: row.dag_id,
    taskId: row.task_id,
    sourceHash: row.source_hash,
    components: JSON.parse(row.components) as RecordedComponents,
    expiresAt: row.expires_at,
    lastHitAt: row.last_hit_at,
    hitCount: row.hit_count,
  };
}

/** Damaged text names no result: that record can never hit, and is removed when it is found. */
export function readXComs(json: string): RecordedXCom[] {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) && value.every(isXCom) ? value : [];
  } catch {
    return [];
  }
}

function isXCom(value: unknown): value is RecordedXCom {
  return typeof value === "object" && value !== null && "digest" in value && typeof value.digest === "string";
}

/** A new record's columns, times left out. */
export function toCacheRecordRow(
  record: NewCacheRecord,
  scope: string,
): Omit<
  Selectable<CacheRecordTable>,
  "created_at" | "expires_at" | "last_hit_at" | "hit_count" | (typeof DIFFERING_COLUMNS)[number]
> {
  const xcoms = record.xcoms.map(({ key, digest, sizeBytes, store }) => ({
    key,
    digest,
    sizeBytes,
    ...(store !== undefined && { store }),
  }));
  return {
    team: record.team,
    key: storedKey(scope, record.key),
    scope,
    dag_id: record.dagId,
    task_id: record.taskId,
    source_hash: record.sourceHash,
    components: JSON.stringify(record.components),
    xcoms: JSON.stringify(xcoms),
    result_digest: xcoms.find((xcom) => xcom.key === RETURN_VALUE)?.digest ?? "",
    size_bytes: xcoms.reduce((sum, xcom) => sum + xcom.sizeBytes, 0),
    error_code: record.error === null ? null : storableText(record.error.code),
    error_message: record.error === null ? null : storableText(record.error.message),
    producer_run_id: record.producer.runId,
    producer_map_index: record.producer.mapIndex,
    producer_try_number: record.producer.tryNumber,
    duration_ms: record.durationMs,
    seal: record.seal ?? null,
    signature: record.signature ?? null,
    entries: record.entries ? JSON.stringify(record.entries) : null,
    valid_for_ms: record.validForMs ?? null,
  };
}
