// Keys as rows of a subquery, on PostgreSQL.

import { sql, type RawBuilder } from "kysely";
import type { RecordName } from "../dialect.ts";

/** The subquery; two lists as two parameters, so that one text serves any number. */
export function keyRows(names: readonly RecordName[]): RawBuilder<unknown> {
  const teams = names.map(({ team }) => team);
  const keys = names.map(({ key }) => key);
  return sql`(select * from unnest(${teams}::text[], ${keys}::text[]) as listed (listed_team, listed_key))`;
}
