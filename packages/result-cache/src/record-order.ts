// The order of a listing, for stores that sort records themselves.

import type { CacheRecord, RecordPage, RecordPosition, RecordSort } from "./record-store.ts";

/** The fields that an order uses. */
type SortableRecord = Pick<CacheRecord, "key" | "createdAt" | "xcoms" | "hitCount" | "durationMs">;

const VALUE_OF: Readonly<Record<RecordSort, (record: SortableRecord) => number>> = {
  age: ({ createdAt }) => createdAt,
  size: ({ xcoms }) => xcoms.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  hits: ({ hitCount }) => hitCount,
  saved: ({ hitCount, durationMs }) => hitCount * durationMs,
};

/** Where a record stands in a listing that is sorted so. */
export function positionOf(record: SortableRecord, sort: RecordSort): RecordPosition {
  return { value: VALUE_OF[sort](record), key: record.key };
}

/** Those of `records` that are on a page, in its order. */
export function pageOf<Row extends SortableRecord>(records: readonly Row[], page: RecordPage): Row[] {
  const { sort = "age", after, offset, limit } = page;
  const sign = page.ascending === true ? 1 : -1;
  const compare = (a: RecordPosition, b: RecordPosition): number =>
    sign * (a.value - b.value || (a.key < b.key ? -1 : Number(a.key > b.key)));
  const positioned = records.map((record) => ({ record, ...positionOf(record, sort) }));
  return positioned
    .filter((row) => after === undefined || compare(row, after) > 0)
    .sort(compare)
    .slice(offset, offset + limit)
    .map(({ record }) => record);
}
