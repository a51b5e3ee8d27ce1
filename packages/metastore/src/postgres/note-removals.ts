// Notes how keys lost their records, on PostgreSQL.

import type { RemovalCause } from "@memodag/result-cache";
import { sql, type RawBuilder } from "kysely";
import type { RemovedKey } from "../dialect.ts";
import { now } from "./clock.ts";

/** The statement; in one order everywhere, so that those who remove at once never wait in a circle. */
export function noteRemovals(removed: readonly RemovedKey[], cause: RemovalCause): RawBuilder<unknown> {
  const teams = removed.map(({ team }) => team);
  const keys = removed.map(({ key }) => key);
  return sql`
    insert into cache_removal (team, key, cause, removed_at)
    select team, key, ${cause}, ${now} from unnest(${teams}::text[], ${keys}::text[]) as removed (team, key)
    order by team, key
    on conflict (team, key) do update set cause = excluded.cause, removed_at = excluded.removed_at`;
}
