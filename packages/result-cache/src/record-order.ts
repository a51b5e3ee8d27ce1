// The order of a listing, for stores that sort records themselves.

import type { CacheRecord, RecordPage, RecordSort } from "./record-store.ts";

/** What an order looks at. */
type SortableRecord = Pick<CacheRecord, "key" | "createdAt" | "xcoms" | "hitCount" | "durationMs">;

const VALUE_OF: Readonly<Record<RecordSort, (record: SortableRecord) => number>> = {
  age: ({ createdAt }) => createdAt,
  size: ({ xcoms }) => xcoms.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  hits: ({ hitCount }) => hitCount,
  saved: ({ hitCount, durationMs }) => hitCount * durationMs,
};

/** Those of `records` that are on a page, in its order. */
export function pageOf<Row extends SortableRecord>(records: readonly Row[], page: RecordPage): Row[] {
  const valueOf = VALUE_OF[page.sort ?? "age"];
  const sign = page.ascending === true ? 1 : -1;
  const compare = (a: Row, b: Row) => sign * (valueOf(a) - valueOf(b) || (a.key < b.key ? -1 : 1));
  return records.toSorted(compare).slice(page.offset, page.offset + page.limit);
}
