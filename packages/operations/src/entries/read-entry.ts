// Finds one entry of a run's job cache, and reads its bytes.

import { checkEntryKey, MemodagError, type DagRun, type StoredEntry } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { getRun, type RunName } from "../runs/find-run.ts";
import { reportEntries, type EntryReport } from "./list-entries.ts";
import { placeFor } from "./place-for.ts";

/** Names an entry of the job cache of a run, or of another cache that the run can use. */
export interface EntryName extends RunName {
  readonly key: string;
  /** A job cache of the config. Absent: the one of the run. */
  readonly cache?: string | undefined;
}

/** An entry with its bytes. */
export interface ReadEntry {
  readonly entry: EntryReport;
  /** Fails if the bytes are damaged or removed while they are read. */
  readonly bytes: ReadableStream<Uint8Array>;
}

/**
 * Shows an entry without reading its bytes.
 * @throws MemodagError `dag_run_not_found`, `cache_entry_not_found`, `entry_key_invalid`
 */
export async function showEntry(context: OperationContext, name: EntryName): Promise<EntryReport> {
  return (await getEntry(context, name)).report;
}

/**
 * Opens the bytes of an entry.
 * @throws MemodagError like {@link showEntry}; `cache_entry_lost` if the bytes are not in their store
 */
export async function readEntry(context: OperationContext, name: EntryName): Promise<ReadEntry> {
  const { run, entry, report } = await getEntry(context, name);
  const store = await context.stores.openByteStore(entry.blob.store);
  const bytes = await store.read(run.team, entry.blob.name);
  if (bytes) return { entry: report, bytes };
  const { taskId } = entry.producer;
  throw new MemodagError(
    "cache_entry_lost",
    `The bytes of the entry ${JSON.stringify(entry.key)} are not in the store "${entry.blob.store}" any more: ` +
      `memodag tasks clear ${run.dagId} ${run.runId} ${taskId} has the task save it again`,
    { fields: { key: entry.key, digest: entry.digest } },
  );
}

async function getEntry(
  { stores }: OperationContext,
  { key, cache, ...name }: EntryName,
): Promise<{ run: DagRun; entry: StoredEntry; report: EntryReport }> {
  const run = await getRun(stores, name);
  const entry = await stores.entries.find(placeFor(stores, run, cache), checkEntryKey(key));
  const [report] = entry ? await reportEntries(stores, run.team, [entry]) : [];
  if (entry && report) return { run, entry, report };
  throw entryNotFound(run, key, cache);
}

/** The error for a key without an entry. */
export function entryNotFound({ dagId, runId }: DagRun, key: string, cache?: string): MemodagError {
  const [where, option] =
    cache === undefined ? [`job cache of run ${runId}`, ""] : [`cache "${cache}"`, ` --cache ${cache}`];
  return new MemodagError(
    "cache_entry_not_found",
    `The ${where} has no entry ${JSON.stringify(key)}: memodag entries ls ${dagId} ${runId}${option} lists its entries`,
    { fault: "user", fields: { key } },
  );
}
