// Both stores of a backend for a test of their retention, and entries to put into them.

import { equal } from "node:assert/strict";
import { RETURN_VALUE, sha256, type Digest } from "@memodag/core";
import type { NewCacheRecord, RecordStore } from "../record-store.ts";
import type { ResultStore } from "../result-store.ts";
import type { RecordRetention, ResultRetention } from "../retention-ports.ts";
import { sampleRecord } from "./sample-record.ts";

/** Both stores of a backend, holding nothing, for one test. */
export interface OpenRetentionStores {
  readonly records: RecordStore;
  readonly results: ResultStore;
  /** Lets `ms` milliseconds go by for both stores; see `OpenRecordStore`. */
  passTime(ms: number): Promise<void>;
  /** Called once, when the test has ended. */
  close(): Promise<void>;
}

/** Opens both stores of a backend. */
export interface RetentionHarness {
  open(): Promise<OpenRetentionStores>;
}

export interface Entry {
  readonly record: NewCacheRecord;
  readonly text: string;
}

export function entry(name: string, own: Partial<NewCacheRecord> = {}, text = `value of ${name}`): Entry {
  const { digest, bytes } = bytesOf(text);
  const xcoms = [{ key: RETURN_VALUE, digest, sizeBytes: bytes.length }];
  return { record: sampleRecord(name, { xcoms, ...own }), text };
}

export function recordOf({ record }: Entry): NewCacheRecord {
  return record;
}

export function bytesOf(text: string): { digest: Digest; bytes: Uint8Array } {
  const bytes = new TextEncoder().encode(text);
  return { digest: sha256(bytes), bytes };
}

export function digestOf(name: string): Digest {
  return sha256(`value of ${name}`);
}

export async function storeAll(
  { records, results }: OpenRetentionStores,
  entries: readonly Entry[],
): Promise<void> {
  for (const { record, text } of entries) {
    await results.write(record.team, [bytesOf(text)]);
    await records.put(record, "keep-live");
  }
}

export async function retentionOf({
  records,
  results,
}: OpenRetentionStores): Promise<{ records: RecordRetention; results: ResultRetention }> {
  const [ofRecords, ofResults] = [await records.retention?.(), await results.retention?.()];
  if (!ofRecords || !ofResults) throw new Error("a store has no retention");
  return { records: ofRecords, results: ofResults };
}

/** Checks which values' bytes are there. */
export async function holds(
  { results }: OpenRetentionStores,
  team: string,
  expected: Readonly<Record<string, boolean>>,
): Promise<void> {
  for (const [name, isThere] of Object.entries(expected)) {
    const digest = digestOf(name);
    equal((await results.read(team, [digest])).has(digest), isThere, `bytes of ${name} of team ${team}`);
  }
}
