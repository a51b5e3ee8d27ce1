// Lists the entries of the cache in a selectable order.

import {
  positionOf,
  type CacheRecord,
  type MissedStore,
  type RecordPosition,
  type RecordSort,
} from "@memodag/result-cache";
import type { OperationContext } from "../context.ts";
import { readPage, type Page, type PageInput } from "../page.ts";
import { missedBy, openAllRecords } from "./all-records.ts";
import { reportRecord, type RecordReport } from "./record-report.ts";
import { toRecordFilter, type CacheSelection } from "./selection.ts";

/** The entries to list, and their order. */
export interface ListRecordsInput extends CacheSelection, PageInput {
  /** The number of entries to skip after the cursor. */
  readonly offset?: number | undefined;
  readonly sort?: RecordSort | undefined;
  /**
   * Lists the youngest, or the smallest, first. By default, ages begin with the youngest, and everything else
   * with the largest.
   */
  readonly ascending?: boolean | undefined;
}

/** A page of entries. */
export interface RecordListing extends Page<RecordReport> {
  /** Stores whose entries are not listed. Absent: none. */
  readonly missed?: readonly MissedStore[];
}

/** Default number of entries on a page. */
const DEFAULT_LIMIT = 100;

/**
 * Lists entries.
 * @throws MemodagError `cursor_invalid`, and those of {@link toRecordFilter}.
 */
export async function listRecords(
  { stores, settings }: OperationContext,
  { limit = DEFAULT_LIMIT, after, offset = 0, sort = "age", ascending, ...selection }: ListRecordsInput,
): Promise<RecordListing> {
  const { scopes } = settings;
  const records = await openAllRecords(stores, selection.team);
  const { runs, dags } = stores;
  const filter = await toRecordFilter({ runs, dags, records }, scopes, selection);
  // The store orders by creation time; users expect the youngest first when ages are ascending.
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
  const signatures = settings.openSignatures();
  return {
    ...page,
    items: page.items.map((record) => reportRecord(record, scopes.own, signatures)),
    ...missedBy(records),
  };
}

function positionAt([value, key]: [number, string]): RecordPosition {
  return { value, key };
}
