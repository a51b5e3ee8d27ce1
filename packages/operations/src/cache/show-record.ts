// Shows a cache entry: its origin, the components of its key, and its values.

import type { JsonValue, StoredError } from "@memodag/core";
import type { CacheRecord } from "@memodag/result-cache";
import type { OperationContext } from "../context.ts";
import { openAllRecords } from "./all-records.ts";
import { getRecord, readRecordValues } from "./find-record.ts";
import { reportDiffering, reportRecord, type DifferingReport, type RecordReport } from "./record-report.ts";

/** The name of an entry. */
export interface RecordName {
  /** A key, or a unique prefix of one. */
  readonly key: string;
  readonly team?: string | undefined;
}

/** An entry with all details. */
export interface ShownRecord extends RecordReport, DifferingReport {
  readonly components: CacheRecord["components"];
  /** By XCom key; omits values whose bytes are missing. */
  readonly values: Readonly<Record<string, JsonValue>>;
  /** The failure that is remembered instead of a result. */
  readonly error: StoredError | null;
}

/**
 * Shows one entry.
 * @throws MemodagError `cache_key_not_found`, `cache_key_ambiguous`.
 */
export async function showRecord(
  { stores }: OperationContext,
  { key, team }: RecordName,
): Promise<ShownRecord> {
  const record = await getRecord(await openAllRecords(stores, team), key, team);
  const values = await readRecordValues(stores, record);
  return {
    ...reportRecord(record),
    ...reportDiffering(record),
    components: record.components,
    values,
    error: record.error ?? null,
  };
}
