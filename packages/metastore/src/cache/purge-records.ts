// Deletes the records that a filter means, however many there are, and holds nobody up by it.

import { inPacedBatches, type RecordFilter, type RemovalCause } from "@memodag/result-cache";
import { expressionBuilder, sql } from "kysely";
import type { Dialect, RecordName } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { recordCondition } from "./record-filter.ts";

/** Keys that are found before they are deleted: finding them may read all records, deleting must not. */
const FOUND_AT_ONCE = 10_000;

/**
 * Deletes what matches, in batches. Keys are found first, by reading alone: a filter that no index serves
 * would otherwise keep SQLite's one writer waiting for as long as reading everything takes.
 */
export async function purgeRecords(
  dialect: Dialect,
  filter: RecordFilter,
  cause: RemovalCause,
): Promise<number> {
  let purged = 0;
  for (;;) {
    const found = await findMatching(dialect, filter);
    if (found.length === 0) return purged;
    let next = 0;
    await inPacedBatches(async (limit) => {
      const batch = found.slice(next, (next += limit));
      purged += await dialect.transaction(() => purgeBatch(dialect, filter, cause, batch));
      return next < found.length;
    });
  }
}

/** In the order of keys, so that what is deleted together lies together, as far as it can. */
async function findMatching({ kysely, now }: Dialect, filter: RecordFilter): Promise<RecordName[]> {
  const found = await kysely
    .selectFrom("cache_record")
    .select(["team", "key"])
    .where(recordCondition(filter, now))
    .limit(FOUND_AT_ONCE)
    .execute();
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Those that match still. Rows that others hold are left for the next look, so that nobody waits in a circle. */
function* purgeBatch(
  { kysely, now, keyRows, skipLocked }: Dialect,
  filter: RecordFilter,
  cause: RemovalCause,
  batch: readonly RecordName[],
): TransactionScript<number> {
  // Joined in this order: through an index that serves the filter, every batch would read all that match.
  const matching = sql<never>`(
    select cache_record.team, cache_record.key
    from ${keyRows(batch)} as listed cross join cache_record
    where cache_record.team = listed_team and cache_record.key = listed_key
      and ${recordCondition(filter, now)(expressionBuilder())}
    ${skipLocked})`;
  const gone = yield* statement(
    kysely
      .deleteFrom("cache_record")
      .where(sql<boolean>`(team, key) in ${matching}`)
      .returning(["team", "key"]),
  );
  if (gone.length > 0) yield* noteRemovals({ kysely, now, keyRows }, gone, cause);
  return gone.length;
}

/** In one order everywhere, as others may note the same keys at once. The last time counts. */
function* noteRemovals(
  { kysely, now, keyRows }: Pick<Dialect, "kysely" | "now" | "keyRows">,
  gone: readonly RecordName[],
  cause: RemovalCause,
): TransactionScript<void> {
  yield sql`
    insert into cache_removal (team, key, cause, removed_at)
    select listed_team, listed_key, ${cause}, ${now} from ${keyRows(gone)} as gone
    where true order by listed_team, listed_key
    on conflict (team, key) do update set cause = excluded.cause, removed_at = excluded.removed_at`.compile(
    kysely,
  );
}
