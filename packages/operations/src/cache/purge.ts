// Deletes entries of the cache on an explicit request.

import { MemodagError } from "@memodag/core";
import {
  ownedScope,
  type AllRecords,
  type MissedStore,
  type RecordFilter,
  type Scopes,
  type TaskRecordStats,
} from "@memodag/result-cache";
import { audited, newAct } from "../act.ts";
import type { OperationContext, Stores } from "../context.ts";
import { missedBy, openAllRecords } from "./all-records.ts";
import { reportRecord, type RecordReport } from "./record-report.ts";
import { toRecordFilter, type CacheSelection } from "./selection.ts";

/** The entries to delete. */
export interface PurgeInput extends CacheSelection {
  /** Allows every entry to be deleted when there is no filter. */
  readonly all?: boolean | undefined;
}

/** The number of deleted entries. */
export interface Purged {
  readonly deleted: number;
  /** Stores whose entries were not purged. Absent: none. */
  readonly missed?: readonly MissedStore[];
}

/** The entries that a purge would delete. */
export interface PurgePlan {
  readonly deleted: 0;
  readonly wouldDelete: number;
  readonly sizeBytes: number;
  readonly tasks: readonly TaskRecordStats[];
  /** The first of the entries. */
  readonly entries: readonly RecordReport[];
  /** Stores whose entries would not be purged. Absent: none. */
  readonly missed?: readonly MissedStore[];
}

/** Entries that a plan lists, at most; it counts all of them. */
const MOST_NAMED = 1_000;

/**
 * Deletes the matching entries, effective immediately for every scheduler.
 * @param isConfirmed called with their number before anything is deleted; without it, no confirmation is
 * needed
 * @throws MemodagError `usage` when there is neither a filter nor `all`; `scope_not_owned`.
 */
export async function purgeCache(
  { stores, actor, settings: { scopes } }: OperationContext,
  input: PurgeInput,
  isConfirmed?: (count: number) => Promise<boolean>,
): Promise<Purged> {
  const { audit } = stores;
  const records = await openAllRecords(stores, input.team);
  const filters = await filtersOf(stores, scopes, records, input);
  if (isConfirmed) {
    const counts = await Promise.all(filters.map((filter) => records.count(filter)));
    if (!(await isConfirmed(sumOf(counts)))) return { deleted: 0 };
  }
  let deleted = 0;
  for (const filter of filters) {
    const { team = null, run, ...rest } = filter;
    deleted += await audited(
      audit,
      newAct(actor, "cache.purge", team, { ...rest, ...run }),
      () => records.purge(filter),
      (purged) => purged,
    );
  }
  return { deleted, ...missedBy(records) };
}

/**
 * Returns what a purge with the same input would delete.
 * @throws MemodagError as {@link purgeCache}
 */
export async function planPurge(
  { stores, settings }: OperationContext,
  input: PurgeInput,
): Promise<PurgePlan> {
  const { scopes } = settings;
  const records = await openAllRecords(stores, input.team);
  const filters = await filtersOf(stores, scopes, records, input);
  const tasks = (await Promise.all(filters.map((filter) => records.stats(filter)))).flat();
  const signatures = settings.openSignatures();
  const page = { limit: MOST_NAMED, offset: 0 };
  const named = (await Promise.all(filters.map((filter) => records.list(filter, page)))).flat();
  return {
    deleted: 0,
    wouldDelete: sumOf(tasks.map(({ entries }) => entries)),
    sizeBytes: sumOf(tasks.map(({ sizeBytes }) => sizeBytes)),
    tasks,
    entries: named.slice(0, MOST_NAMED).map((record) => reportRecord(record, scopes.own, signatures)),
    ...missedBy(records),
  };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

/** The filter, and those of the transactions whose one record has results of the task. */
async function filtersOf(
  { runs, dags }: Stores,
  scopes: Scopes,
  records: AllRecords,
  { all, ...selection }: PurgeInput,
): Promise<RecordFilter[]> {
  ownedScope(scopes, selection.scope);
  const filter = await toRecordFilter({ runs, dags, records }, scopes, selection);
  const { scope: _, ...narrowing } = filter;
  const { team, dagId, taskId, key, sourceHash } = filter;
  if (dagId !== undefined && taskId !== undefined && key === undefined && sourceHash === undefined) {
    const versions = await dags.findDagVersions(dagId, team);
    const around = versions.flatMap(({ dag }) =>
      (dag.transactions ?? []).filter(({ cache, taskIds }) => cache && taskIds.includes(taskId)),
    );
    const ids = new Set(around.map(({ transactionId }) => transactionId));
    return [filter, ...Array.from(ids, (id) => ({ ...filter, taskId: id }))];
  }
  if (Object.keys(narrowing).length > 0 || all) return [filter];
  throw new MemodagError("usage", "No filter given: pass at least one (such as --dag), or --all");
}
