// What the cache holds and has saved, summed over its entries, in the shape of `cache stats --json`.

import type { CacheRecord, RecordFilter, RecordStore } from "@memodag/result-cache";
import { reportRecord } from "./record-report.ts";

/** Sums over entries. */
export interface CacheSums {
  readonly entries: number;
  readonly sizeBytes: number;
  readonly hits: number;
  /** Runs of tasks that made the entries: each was a miss once. */
  readonly misses: number;
  /** From 0 to 1; `null` when nothing was asked. */
  readonly hitRate: number | null;
  /** Time that hits did not have to take, in milliseconds. */
  readonly savedMs: number;
}

/** The sums of all entries, and those of each task. */
export interface CacheStats extends CacheSums {
  readonly tasks: readonly (CacheSums & {
    readonly team: string;
    readonly dagId: string;
    readonly taskId: string;
  })[];
}

const PAGE = 1_000;

/** Sums over the entries that match. */
export async function sumRecords(records: RecordStore, filter: RecordFilter): Promise<CacheStats> {
  const byTask = new Map<string, CacheRecord[]>();
  for (let offset = 0; ; offset += PAGE) {
    const page = await records.list(filter, { limit: PAGE, offset });
    for (const record of page) {
      const task = JSON.stringify([record.team, record.dagId, record.taskId]);
      const ofTask = byTask.get(task);
      if (ofTask === undefined) byTask.set(task, [record]);
      else ofTask.push(record);
    }
    if (page.length < PAGE) break;
  }
  const tasks = [...byTask.values()].flatMap((ofTask) => {
    const [first] = ofTask;
    if (first === undefined) return [];
    return [{ team: first.team, dagId: first.dagId, taskId: first.taskId, ...sum(ofTask) }];
  });
  return { ...sum([...byTask.values()].flat()), tasks };
}

function sum(records: readonly CacheRecord[]): CacheSums {
  const total = (value: (record: CacheRecord) => number) =>
    records.reduce((sums, record) => sums + value(record), 0);
  const entries = records.length;
  const hits = total(({ hitCount }) => hitCount);
  return {
    entries,
    sizeBytes: total((record) => reportRecord(record).sizeBytes),
    hits,
    misses: entries,
    hitRate: hits + entries === 0 ? null : hits / (hits + entries),
    savedMs: total(({ hitCount, durationMs }) => hitCount * durationMs),
  };
}
