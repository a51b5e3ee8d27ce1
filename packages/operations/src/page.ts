// Pagination of lists.

import type { JsonValue } from "@memodag/core";
import { openCursor, sealCursor } from "./cursor.ts";

/** Selects a page of a list. */
export interface PageInput {
  /** The maximum number of items. */
  readonly limit?: number | undefined;
  /** The cursor at the end of the previous page; absent for the first page. */
  readonly after?: string | undefined;
}

/** Items of a list, and the cursor of the next page. */
export interface Page<T> {
  readonly items: readonly T[];
  /** `null`: this is the last page. */
  readonly next: string | null;
}

/** A paginated list: its name and order, and how the position of a row is encoded. */
export interface PagedList<Row, Place> {
  readonly name: string;
  readonly placeOf: (row: Row) => Place & JsonValue;
}

/** The query for a page: one row more than the page, to know whether another page follows. */
export interface PageQuery<Place> {
  readonly limit: number;
  readonly after?: Place;
}

/**
 * Reads a page.
 * @throws MemodagError `cursor_invalid`
 */
export async function readPage<Row, Place>(
  { name, placeOf }: PagedList<Row, Place>,
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
  read: (query: PageQuery<Place>) => Promise<readonly Row[]>,
): Promise<Page<Row>> {
  // The cursor's check sum proves that it is a position of this list.
  const place = after === undefined ? undefined : (openCursor(name, after) as Place);
  const rows = await read({ limit: limit + 1, ...(place !== undefined && { after: place }) });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = rows.length > limit && last !== undefined ? sealCursor(name, placeOf(last)) : null;
  return { items, next };
}
