// Keys as rows of a subquery, on SQLite.

import { sql, type RawBuilder } from "kysely";
import type { RecordName } from "../dialect.ts";

/** The subquery; all keys go in as one JSON text, so that one prepared statement serves any number. */
export function keyRows(names: readonly RecordName[]): RawBuilder<unknown> {
  const rows = JSON.stringify(names.map(({ team, key }) => [team, key]));
  return sql`(select value ->> 0 as listed_team, value ->> 1 as listed_key from json_each(${rows}))`;
}
