// Finds one entry of a run's job cache, and reads its bytes.

import {
  checkEntryKey,
  JOB_CACHE,
  MemodagError,
  type DagRun,
  type EntryPlace,
  type StoredEntry,
} from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { getRun, type RunName } from "../runs/find-run.ts";
import { reportEntry, type EntryReport } from "./list-entries.ts";

/** Names an entry of the job cache of a run. */
export interface EntryName extends RunName {
  readonly key: string;
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
  const { run, entry } = await getEntry(context, name);
  return reportEntry(entry, run.runId);
}

/**
 * Opens the bytes of an entry.
 * @throws MemodagError like {@link showEntry}; `cache_entry_lost` if the bytes are not in their store
 */
export async function readEntry(context: OperationContext, name: EntryName): Promise<ReadEntry> {
  const { run, entry } = await getEntry(context, name);
  const store = await context.stores.openByteStore(entry.blob.store);
  const bytes = await store.read(run.team, entry.blob.name);
  if (bytes) return { entry: reportEntry(entry, run.runId), bytes };
  const { taskId } = entry.producer;
  throw new MemodagError(
    "cache_entry_lost",
    `The bytes of the entry ${JSON.stringify(entry.key)} are not in the store "${entry.blob.store}" any more: ` +
      `memodag tasks clear ${run.dagId} ${run.runId} ${taskId} has the task save it again`,
    { fields: { key: entry.key, digest: entry.digest } },
  );
}

/** The place of the job cache of a run. */
export function jobCacheOf({ team, id }: DagRun): EntryPlace {
  return { team, cache: JOB_CACHE, scopeId: String(id) };
}

async function getEntry(
  { stores }: OperationContext,
  { key, ...name }: EntryName,
): Promise<{ run: DagRun; entry: StoredEntry }> {
  const run = await getRun(stores, name);
  const entry = await stores.entries.find(jobCacheOf(run), checkEntryKey(key));
  if (entry) return { run, entry };
  throw entryNotFound(run, key);
}

/** The error for a key without an entry. */
export function entryNotFound({ dagId, runId }: DagRun, key: string): MemodagError {
  return new MemodagError(
    "cache_entry_not_found",
    `The job cache of run ${runId} has no entry ${JSON.stringify(key)}: memodag entries ls ${dagId} ${runId} lists its entries`,
    { fault: "user", fields: { key } },
  );
}
