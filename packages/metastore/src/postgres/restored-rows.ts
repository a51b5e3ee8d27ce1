// The entries that a hit restores as rows of a statement, on PostgreSQL.

import { sql, type RawBuilder } from "kysely";
import type { RestoredRow } from "../rows/restored-row.ts";

/** Arrays, since reading a parameter for each field would take longer than inserting the rows. */
export function restoredRows(rows: readonly RestoredRow[]): RawBuilder<unknown> {
  const keys = rows.map(({ key }) => key);
  const ids = rows.map(({ blobId }) => blobId);
  const lifetimes = rows.map(({ ttlMs }) => ttlMs);
  return sql`unnest(${keys}::text[], ${ids}::bigint[], ${lifetimes}::bigint[])`;
}
