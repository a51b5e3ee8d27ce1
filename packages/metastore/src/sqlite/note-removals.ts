// Notes how keys lost their records, on SQLite.

import type { RemovalCause } from "@memodag/result-cache";
import { sql, type RawBuilder } from "kysely";
import type { RemovedKey } from "../dialect.ts";
import { now } from "./clock.ts";

/** The statement; all keys go in as one JSON text, so that one prepared statement serves any number. */
export function noteRemovals(removed: readonly RemovedKey[], cause: RemovalCause): RawBuilder<unknown> {
  const keys = JSON.stringify(removed.map(({ team, key }) => [team, key]));
  return sql`
    insert into cache_removal (team, key, cause, removed_at)
    select value ->> 0, value ->> 1, ${cause}, (select ${now}) from json_each(${keys}) where true
    on conflict (team, key) do update set cause = excluded.cause, removed_at = excluded.removed_at`;
}
