// The entries that a hit restores as rows of a statement, on SQLite.

import { sql, type RawBuilder } from "kysely";
import type { RestoredRow } from "../rows/restored-row.ts";

/** One parameter, so that the statement is the same for any number of rows. */
export function restoredRows(rows: readonly RestoredRow[]): RawBuilder<unknown> {
  const json = JSON.stringify(rows.map(({ key, blobId, ttlMs }) => [key, blobId, ttlMs]));
  return sql`(select value ->> 0, value ->> 1, value ->> 2 from json_each(${json}))`;
}
