// Puts records and their catalog together; where a backend has none, callers are told.

import { MemodagError } from "@memodag/core";
import { pageOf } from "./record-order.ts";
import type {
  CacheRecord,
  RecordCatalog,
  RecordFilter,
  RecordHits,
  RecordLookup,
  RecordPage,
  RecordPosition,
  RecordStore,
} from "./record-store.ts";

/** Records of a backend's module, which may have a catalog, and may count hits under the name of before. */
export type AnyRecords = Omit<RecordLookup, "touch"> &
  Partial<Pick<RecordLookup, "touch"> & RecordCatalog> & {
    countHits?(team: string, hits: readonly RecordHits[]): Promise<void>;
  };

/**
 * A store with every method. Those of a catalog that is not there reject with a `MemodagError`
 * `cache_catalog_missing`.
 * @param setting the config's key and what stands there, for the message
 */
export function withCatalog(
  records: AnyRecords,
  separate: RecordCatalog | undefined,
  setting: string,
): RecordStore {
  const own = typeof records.list === "function" ? (records as AnyRecords & RecordCatalog) : undefined;
  const catalog = separate ?? own;
  const required = (): RecordCatalog => {
    if (catalog) return catalog;
    throw new MemodagError(
      "cache_catalog_missing",
      `The cache backend of ${setting} keeps no catalog: its entries cannot be listed, counted, purged or verified here`,
    );
  };
  return {
    find: (team, keys, options) => records.find(team, keys, options),
    put: (record, mode) => records.put(record, mode),
    putAll: async (puts) => await records.putAll?.(puts),
    touch: async (team, hits) => await (records.touch ?? records.countHits)?.call(records, team, hits),
    list: async (filter, page) =>
      separate || !page.after
        ? await required().list(filter, page)
        : await listAfter(required(), filter, withoutPosition(page), page.after),
    stats: async (filter) => await required().stats(filter),
    count: async (filter) => await required().count(filter),
    purge: async (filter, cause) => await required().purge(filter, cause),
    findRemovals: async (team, keys) => await catalog?.findRemovals?.(team, keys),
    retention: async () => await catalog?.retention?.(),
  };
}

/** Records that are read at a time to find a position. */
const PAGE = 500;

function withoutPosition({ limit, offset, sort, ascending }: RecordPage): Omit<RecordPage, "after"> {
  return { limit, offset, ...(sort && { sort }), ...(ascending !== undefined && { ascending }) };
}

/** A list after a position, for records whose own catalog may be from before lists took one: it is counted off. */
async function listAfter(
  catalog: RecordCatalog,
  filter: RecordFilter,
  page: Omit<RecordPage, "after">,
  after: RecordPosition,
): Promise<CacheRecord[]> {
  const later: CacheRecord[] = [];
  const wanted = page.offset + page.limit;
  for (let offset = 0; later.length < wanted; offset += PAGE) {
    const records = await catalog.list(filter, { ...page, offset, limit: PAGE });
    const found = pageOf(records, { ...page, after, offset: 0, limit: wanted - later.length });
    for (const record of found) later.push(record);
    if (records.length < PAGE) break;
  }
  return later.slice(page.offset);
}

/** True for what a backend without a catalog says. */
export function isCatalogMissing(error: unknown): boolean {
  return error instanceof MemodagError && error.code === "cache_catalog_missing";
}
