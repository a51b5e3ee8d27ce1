// Shows a cache entry: its origin, the components of its key, and its values.

import type { JsonValue, StoredError } from "@memodag/core";
import { envelopeOf, type CacheRecord, type Envelope } from "@memodag/result-cache";
import type { OperationContext } from "../context.ts";
import { openAllRecords } from "./all-records.ts";
import { getRecord, readRecordValues } from "./find-record.ts";
import { scopeFilter } from "./selection.ts";
import { reportDiffering, reportRecord, type DifferingReport, type RecordReport } from "./record-report.ts";

/** The name of an entry. */
export interface RecordName {
  /** A key, or a unique prefix of one. */
  readonly key: string;
  readonly team?: string | undefined;
  /** The scope of the entry. Absent: that of the deployment. */
  readonly scope?: string | undefined;
}

/** An entry with all details. */
export interface ShownRecord extends RecordReport, DifferingReport {
  readonly components: CacheRecord["components"];
  /** By XCom key; omits values whose bytes are missing. */
  readonly values: Readonly<Record<string, JsonValue>>;
  /** The failure that is remembered instead of a result. */
  readonly error: StoredError | null;
  /** The in-toto statement that its signature is over, in a DSSE envelope. Absent: it has no signature. */
  readonly attestation?: Envelope;
}

/**
 * Shows one entry.
 * @throws MemodagError `cache_key_not_found`, `cache_key_ambiguous`, `scope_not_readable`.
 */
export async function showRecord(
  { stores, settings }: OperationContext,
  { key, team, scope }: RecordName,
): Promise<ShownRecord> {
  const { scopes } = settings;
  const records = await openAllRecords(stores, team);
  const record = await getRecord(records, key, team, scopeFilter(scopes, scope));
  const attestation = envelopeOf(record);
  const values = await readRecordValues(stores, record);
  return {
    ...reportRecord(record, scopes.own, settings.openSignatures()),
    ...reportDiffering(record),
    components: record.components,
    values,
    error: record.error ?? null,
    ...(attestation && { attestation }),
  };
}
