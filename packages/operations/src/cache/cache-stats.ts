// Contents and counters of the cache, by task and in total, in the shape of `cache stats --json`.

import { missedBy } from "./all-records.ts";
import {
  NO_COUNTS,
  addCounts,
  type AllRecords,
  type CacheCounts,
  type CounterStore,
  type MissedStore,
  type RecordFilter,
  type TaskName,
} from "@memodag/result-cache";
import { findRecheckFaults, type RecheckFault, type RecheckSources } from "./recheck-differences.ts";

/** The contents, and the counts since counting began. Durations are milliseconds. */
export interface CacheSums extends Omit<CacheCounts, "lookupMs"> {
  readonly entries: number;
  readonly sizeBytes: number;
  /** From 0 to 1, as a share of the answered lookups; `null` when there were none. */
  readonly hitRate: number | null;
  /** The average time that an instance waited for its answer; `null` when none did. */
  readonly lookupAvgMs: number | null;
}

/** The sums of all tasks, and those of each. */
export interface CacheStats extends CacheSums {
  readonly tasks: readonly (CacheSums & TaskName)[];
  /** The contents of each store, if tasks name some. */
  readonly stores?: readonly StoreSums[];
  /** Tasks of which rechecks found other bytes than were stored. Absent: none. */
  readonly recheckFaults?: readonly RecheckFault[];
  /** Stores whose entries are not in the sums. Absent: none. */
  readonly missed?: readonly MissedStore[];
}

/** The contents of a store. */
export interface StoreSums {
  /** `null`: that of the deployment. */
  readonly store: string | null;
  readonly entries: number;
  readonly sizeBytes: number;
}

/** The contents and counts of one task. */
interface TaskLine extends TaskName {
  entries: number;
  sizeBytes: number;
  counts: CacheCounts;
}

/**
 * Sums the matching entries and the counts of their tasks. Counts are kept per task, so a filter narrows them
 * only by team, Dag and task. What this deployment counted is not of another scope.
 */
export async function readCacheStats(
  sources: RecheckSources & { readonly records: AllRecords; readonly counters: CounterStore },
  filter: RecordFilter,
): Promise<CacheStats> {
  const { records, counters } = sources;
  const { team, dagId, taskId, scope, ...others } = filter;
  const isOwnScope = scope === undefined;
  const [stores, counted] = await Promise.all([
    records.statsByStore(filter),
    isOwnScope
      ? counters.list({
          ...(team !== undefined && { team }),
          ...(dagId !== undefined && { dagId }),
          ...(taskId !== undefined && { taskId }),
        })
      : [],
  ]);
  const lines = new Map<string, TaskLine>();
  for (const task of stores.flatMap(({ stats }) => stats)) {
    const { entries = 0, sizeBytes = 0 } = lines.get(nameOf(task)) ?? {};
    const sums = { entries: entries + task.entries, sizeBytes: sizeBytes + task.sizeBytes };
    lines.set(nameOf(task), { ...task, ...sums, counts: NO_COUNTS });
  }
  const isByTask = Object.keys(others).length === 0;
  for (const { counts, ...task } of counted) {
    const line = lines.get(nameOf(task));
    if (line) line.counts = counts;
    else if (isByTask) lines.set(nameOf(task), { ...task, entries: 0, sizeBytes: 0, counts });
  }
  const recheckFaults = isByTask ? await findRecheckFaults(sources, counted) : [];
  const tasks = [...lines].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
  return {
    ...toSums(sumOf(tasks)),
    tasks: tasks.map((line) => ({
      team: line.team,
      dagId: line.dagId,
      taskId: line.taskId,
      ...toSums(line),
    })),
    ...(stores.length > 1 && { stores: stores.map(sumsOfStore) }),
    ...(recheckFaults.length > 0 && { recheckFaults }),
    ...missedBy(records),
  };
}

function sumsOfStore({ store, stats }: Awaited<ReturnType<AllRecords["statsByStore"]>>[number]): StoreSums {
  return {
    store,
    entries: stats.reduce((sum, { entries }) => sum + entries, 0),
    sizeBytes: stats.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

function nameOf({ team, dagId, taskId }: TaskName): string {
  return JSON.stringify([team, dagId, taskId]);
}

function sumOf(lines: readonly TaskLine[]): Omit<TaskLine, keyof TaskName> {
  const counts = { ...NO_COUNTS };
  for (const line of lines) addCounts(counts, line.counts);
  return {
    entries: lines.reduce((sum, { entries }) => sum + entries, 0),
    sizeBytes: lines.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    counts,
  };
}

function toSums({ entries, sizeBytes, counts }: Omit<TaskLine, keyof TaskName>): CacheSums {
  const { lookupMs, ...rest } = counts;
  const answered = counts.hits + counts.misses;
  return {
    entries,
    sizeBytes,
    ...rest,
    hitRate: answered === 0 ? null : counts.hits / answered,
    lookupAvgMs: counts.lookups === 0 ? null : lookupMs / counts.lookups,
  };
}
