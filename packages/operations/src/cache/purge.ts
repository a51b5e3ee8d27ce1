// Forgets entries of the cache; never by accident.

import { MemodagError } from "@memodag/core";
import type { RecordFilter, RecordStore, TaskRecordStats } from "@memodag/result-cache";
import { audited, newAct } from "../act.ts";
import type { OperationContext } from "../context.ts";
import { reportRecord, type RecordReport } from "./record-report.ts";
import { toRecordFilter, type CacheSelection } from "./selection.ts";

/** The entries to delete. */
export interface PurgeInput extends CacheSelection {
  /** Every entry, when nothing narrows it down. */
  readonly all?: boolean | undefined;
}

/** How many entries are gone. */
export interface Purged {
  readonly deleted: number;
}

/** The entries that a purge would delete. */
export interface PurgePlan {
  readonly deleted: 0;
  readonly wouldDelete: number;
  readonly sizeBytes: number;
  readonly tasks: readonly TaskRecordStats[];
  /** The first of them. */
  readonly entries: readonly RecordReport[];
}

/** Entries that a plan names at most; it counts them all. */
const MOST_NAMED = 1_000;

/**
 * Deletes the entries that match, at once for every scheduler.
 * @param isConfirmed is asked with their number before anything is deleted; without it, it is done
 * @throws MemodagError `usage` when nothing says what is meant, not even that everything is.
 */
export async function purgeCache(
  { stores, actor }: OperationContext,
  input: PurgeInput,
  isConfirmed?: (count: number) => Promise<boolean>,
): Promise<Purged> {
  const { records, audit } = stores;
  const filter = await filterOf(records, input);
  if (isConfirmed && !(await isConfirmed(await records.count(filter)))) return { deleted: 0 };
  const { team = null, run, ...rest } = filter;
  const deleted = await audited(
    audit,
    newAct(actor, "cache.purge", team, { ...rest, ...run }),
    () => records.purge(filter),
    (purged) => purged,
  );
  return { deleted };
}

/**
 * What a purge of the same input would delete.
 * @throws MemodagError as {@link purgeCache}
 */
export async function planPurge({ stores }: OperationContext, input: PurgeInput): Promise<PurgePlan> {
  const { records } = stores;
  const filter = await filterOf(records, input);
  const tasks = await records.stats(filter);
  const named = await records.list(filter, { limit: MOST_NAMED, offset: 0 });
  return {
    deleted: 0,
    wouldDelete: tasks.reduce((sum, task) => sum + task.entries, 0),
    sizeBytes: tasks.reduce((sum, task) => sum + task.sizeBytes, 0),
    tasks,
    entries: named.map(reportRecord),
  };
}

async function filterOf(records: RecordStore, { all, ...selection }: PurgeInput): Promise<RecordFilter> {
  const filter = await toRecordFilter(records, selection);
  if (Object.keys(filter).length > 0 || all) return filter;
  throw new MemodagError(
    "usage",
    "Nothing says what to purge: narrow it down, with --dag for one, or add --all",
  );
}
