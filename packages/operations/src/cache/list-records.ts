// Lists the entries of the cache, in one order or another.

import { positionOf, type CacheRecord, type RecordPosition, type RecordSort } from "@memodag/result-cache";
import type { OperationContext } from "../context.ts";
import { readPage, type Page, type PageInput } from "../page.ts";
import { reportRecord, type RecordReport } from "./record-report.ts";
import { toRecordFilter, type CacheSelection } from "./selection.ts";

/** Which entries, and in which order. */
export interface ListRecordsInput extends CacheSelection, PageInput {
  /** How many to pass over, of those that come after the cursor. */
  readonly offset?: number | undefined;
  readonly sort?: RecordSort | undefined;
  /** The youngest, or else the least, first. Default: of ages, the youngest; of the rest, the most. */
  readonly ascending?: boolean | undefined;
}

/** Entries of a page unless it says otherwise. */
const DEFAULT_LIMIT = 100;

/**
 * Lists entries.
 * @throws MemodagError `cursor_invalid`, and as a selection does.
 */
export async function listRecords(
  { stores: { records } }: OperationContext,
  { limit = DEFAULT_LIMIT, after, offset = 0, sort = "age", ascending, ...selection }: ListRecordsInput,
): Promise<Page<RecordReport>> {
  const filter = await toRecordFilter(records, selection);
  // The store's order of ages is that of the making: where people see ages, the youngest come first.
  const isAscending = sort === "age" ? ascending === false : ascending === true;
  const list = {
    name: `records by ${sort}, ${isAscending ? "ascending" : "descending"}`,
    placeOf: (record: CacheRecord): [number, string] => {
      const { value, key } = positionOf(record, sort);
      return [value, key];
    },
  };
  const page = await readPage(list, { limit, after }, (query) =>
    records.list(filter, {
      limit: query.limit,
      offset,
      sort,
      ascending: isAscending,
      ...(query.after && { after: positionAt(query.after) }),
    }),
  );
  return { ...page, items: page.items.map(reportRecord) };
}

function positionAt([value, key]: [number, string]): RecordPosition {
  return { value, key };
}
