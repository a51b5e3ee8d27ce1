// Lists, page by page.

import type { JsonValue } from "@memodag/core";
import { openCursor, sealCursor } from "./cursor.ts";

/** Which page of a list. */
export interface PageInput {
  /** Items at most. */
  readonly limit?: number | undefined;
  /** The cursor that the page before ended with; without one, the first page. */
  readonly after?: string | undefined;
}

/** Items of a list, and the cursor of what follows them. */
export interface Page<T> {
  readonly items: readonly T[];
  /** `null`: nothing follows. */
  readonly next: string | null;
}

/** A list that has pages: its name, with its order, and how the place of a row is written and read. */
export interface PagedList<Row, Place> {
  readonly name: string;
  readonly placeOf: (row: Row) => Place & JsonValue;
}

/** The query behind a page: one row more than it has, to know whether there are more. */
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
  // Whoever sealed it wrote a place of this list.
  const place = after === undefined ? undefined : (openCursor(name, after) as Place);
  const rows = await read({ limit: limit + 1, ...(place !== undefined && { after: place }) });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = rows.length > limit && last !== undefined ? sealCursor(name, placeOf(last)) : null;
  return { items, next };
}
