// Which records a filter means, and their sums, for stores that look at each.

import type { CacheRecord, RecordFilter, TaskRecordStats } from "./record-store.ts";

/** The fields that a filter uses. */
export type MatchableRecord = Pick<
  CacheRecord,
  "team" | "dagId" | "taskId" | "key" | "sourceHash" | "producer" | "createdAt" | "expiresAt"
>;

/** Whether a record has expired at `now`, in milliseconds since the Unix epoch. */
export function isExpired(record: Pick<CacheRecord, "expiresAt">, now: number): boolean {
  return record.expiresAt !== null && record.expiresAt <= now;
}

/** Whether every field of the filter holds for a record at `now`. */
export function matchesFilter(record: MatchableRecord, filter: RecordFilter, now: number): boolean {
  return (
    matches(filter.team, record.team) &&
    matches(filter.dagId, record.dagId) &&
    matches(filter.taskId, record.taskId) &&
    matches(filter.key, record.key) &&
    matches(filter.sourceHash, record.sourceHash) &&
    isOfRun(record, filter.run) &&
    matches(filter.createdAt, record.createdAt) &&
    record.key.startsWith(filter.keyPrefix ?? "") &&
    (filter.olderThanMs === undefined || now - record.createdAt > filter.olderThanMs) &&
    matches(filter.expired, isExpired(record, now))
  );
}

/** Whether a run made a record; any one where none is named. */
export function isOfRun(
  { dagId, producer }: Pick<CacheRecord, "dagId" | "producer">,
  run: RecordFilter["run"],
): boolean {
  return run === undefined || (run.dagId === dagId && run.runId === producer.runId);
}

function matches<T>(wanted: T | undefined, actual: T): boolean {
  return wanted === undefined || wanted === actual;
}

/** Sums records by task. */
export class TaskSums {
  readonly #byTask = new Map<string, TaskRecordStats>();

  add(record: Pick<CacheRecord, "team" | "dagId" | "taskId" | "xcoms">): void {
    const { team, dagId, taskId, xcoms } = record;
    const name = JSON.stringify([team, dagId, taskId]);
    const sums = this.#byTask.get(name) ?? { team, dagId, taskId, entries: 0, sizeBytes: 0 };
    const sizeBytes = xcoms.reduce((total, xcom) => total + xcom.sizeBytes, sums.sizeBytes);
    this.#byTask.set(name, { ...sums, entries: sums.entries + 1, sizeBytes });
  }

  /** Adds sums of another store. */
  addStats({ team, dagId, taskId, entries, sizeBytes }: TaskRecordStats): void {
    const name = JSON.stringify([team, dagId, taskId]);
    const sums = this.#byTask.get(name) ?? { team, dagId, taskId, entries: 0, sizeBytes: 0 };
    this.#byTask.set(name, {
      ...sums,
      entries: sums.entries + entries,
      sizeBytes: sums.sizeBytes + sizeBytes,
    });
  }

  list(): TaskRecordStats[] {
    return [...this.#byTask.values()];
  }
}
