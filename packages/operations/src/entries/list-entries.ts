// Lists the entries that the tasks of a run saved.

import type { DagRun, StoredEntry } from "@memodag/core";
import type { OperationContext, Stores } from "../context.ts";
import { getRun, type RunName } from "../runs/find-run.ts";
import { placeFor } from "./place-for.ts";

/** An entry of a job cache. */
export interface EntryReport {
  /** The cache's name in the config; empty for the job cache of the run. */
  readonly cache: string;
  readonly key: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** The store of its bytes. */
  readonly store: string;
  /** The task instance that saved it, by running or by a hit. `runId` is empty if the run was deleted. */
  readonly producer: { readonly runId: string; readonly taskId: string; readonly mapIndex: number };
  /** ISO 8601. */
  readonly savedAt: string;
}

/** Selects entries of a run. */
export interface EntryListInput extends RunName {
  /** Only entries in this group, at any depth. */
  readonly group?: string | undefined;
  /** All entries of this job cache of the config that the run can see, whichever run saved them. */
  readonly cache?: string | undefined;
}

const PAGE = 1_000;

/**
 * The entries of a run, by cache and key.
 * @throws MemodagError `dag_not_found`, `dag_ambiguous`, `dag_run_not_found`
 */
export async function listEntries(
  { stores }: OperationContext,
  { group, cache, ...name }: EntryListInput,
): Promise<EntryReport[]> {
  const run = await getRun(stores, name);
  if (cache !== undefined) return await listCache(stores, run, cache, group);
  const found: EntryReport[] = [];
  for (let after = 0; ;) {
    const page = await stores.entries.listOfRun(run.team, run.id, { limit: PAGE, after });
    for (const entry of page)
      if (group === undefined || entry.key.startsWith(`${group}/`)) found.push(reportEntry(entry, run.runId));
    const last = page.at(-1);
    if (page.length < PAGE || !last) break;
    after = last.id;
  }
  return found.sort((a, b) => compare(a.cache, b.cache) || compare(a.key, b.key));
}

/** The entries of a cache, which runs may share. */
async function listCache(
  stores: Stores,
  run: DagRun,
  cache: string,
  group: string | undefined,
): Promise<EntryReport[]> {
  const place = placeFor(stores, run, cache);
  const prefix = group === undefined ? "" : `${group}/`;
  const found: EntryReport[] = [];
  for (let after: string | undefined; ;) {
    const listing = { prefix, isDeep: true, limit: PAGE, ...(after !== undefined && { after }) };
    const page = await stores.entries.list(place, listing);
    for (const report of await reportEntries(stores, run.team, page)) found.push(report);
    after = page.at(-1)?.key;
    if (page.length < PAGE || after === undefined) return found;
  }
}

/** Reports of entries that any runs may have saved. */
export async function reportEntries(
  { runs }: Pick<Stores, "runs">,
  team: string,
  entries: readonly StoredEntry[],
): Promise<EntryReport[]> {
  const ids = await runs.findRunIds(team, [...new Set(entries.map(({ producer }) => producer.runId))]);
  return entries.map((entry) => reportEntry(entry, ids.get(entry.producer.runId) ?? ""));
}

/** The report of an entry of a run. */
function reportEntry(
  { cache, key, digest, sizeBytes, blob, producer, savedAt }: StoredEntry,
  runId: string,
): EntryReport {
  const { taskId, mapIndex } = producer;
  return {
    cache,
    key,
    digest,
    sizeBytes,
    store: blob.store,
    producer: { runId, taskId, mapIndex },
    savedAt: new Date(savedAt).toISOString(),
  };
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
