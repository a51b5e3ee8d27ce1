// Shows an entry of the cache: where it came from, what its key is made of, its values.

import type { JsonValue, StoredError } from "@memodag/core";
import type { CacheRecord } from "@memodag/result-cache";
import type { OperationContext } from "../context.ts";
import { getRecord, readRecordValues } from "./find-record.ts";
import { reportDiffering, reportRecord, type DifferingReport, type RecordReport } from "./record-report.ts";

/** Which entry. */
export interface RecordName {
  /** A key or its first digits. */
  readonly key: string;
  readonly team?: string | undefined;
}

/** An entry with all that is known of it. */
export interface ShownRecord extends RecordReport, DifferingReport {
  readonly components: CacheRecord["components"];
  /** By XCom key; without those whose bytes are gone. */
  readonly values: Readonly<Record<string, JsonValue>>;
  /** The failure that is remembered in place of a result. */
  readonly error: StoredError | null;
}

/**
 * One entry.
 * @throws MemodagError `cache_key_not_found`, `cache_key_ambiguous`.
 */
export async function showRecord(
  { stores: { records, results } }: OperationContext,
  { key, team }: RecordName,
): Promise<ShownRecord> {
  const record = await getRecord(records, key, team);
  const values = await readRecordValues(results, record);
  return {
    ...reportRecord(record),
    ...reportDiffering(record),
    components: record.components,
    values,
    error: record.error ?? null,
  };
}
