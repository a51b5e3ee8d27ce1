// Deletes the records that match a filter, however many there are, without blocking others.

import { MemodagError } from "@memodag/core";
import { inPacedBatches, type RecordFilter, type RemovalCause } from "@memodag/result-cache";
import { sql, type RawBuilder } from "kysely";
import type { Dialect, DoomedRecord } from "../dialect.ts";
import { readClock } from "../read-clock.ts";
import { recordCondition } from "./record-filter.ts";

/** Records that are found before they are deleted: finding them may read all records, deleting must not. */
const FOUND_AT_ONCE = 10_000;

/** Looks in a row that may find nothing but what others hold: some five seconds with the rests between. */
const FRUITLESS_LOOKS = 300;

/**
 * Deletes what matches, in batches; ages are as of the beginning, however long it takes. Records are found
 * first, by reading alone: a filter that no index serves would otherwise keep SQLite's one writer waiting for
 * as long as reading everything takes. What is stored anew between the two is another record, and is found
 * by the next look.
 * @throws MemodagError `database_failed` when others do not let go of records that match
 */
export async function purgeRecords(
  dialect: Dialect,
  scope: string,
  filter: RecordFilter,
  cause: RemovalCause,
): Promise<number> {
  const startedAt = sql.lit(await readClock(dialect));
  let found = await findMatching(dialect, scope, filter, startedAt);
  if (found.length === 0) return 0;
  let [next, purged, purgedBefore, fruitless] = [0, 0, 0, 0];
  await inPacedBatches(async (limit) => {
    purged += await dialect.purgeFound(found.slice(next, next + limit), cause);
    next += limit;
    if (next < found.length) return true;
    fruitless = purged > purgedBefore ? 0 : fruitless + 1;
    if (fruitless === FRUITLESS_LOOKS) throw notLetGo(found.length, purged);
    found = await findMatching(dialect, scope, filter, startedAt);
    [next, purgedBefore] = [0, purged];
    return found.length > 0;
  });
  return purged;
}

/** In the order in which the database comes by them: what it reads together, it deletes together. */
async function findMatching(
  { kysely }: Dialect,
  scope: string,
  filter: RecordFilter,
  startedAt: RawBuilder<number>,
): Promise<DoomedRecord[]> {
  return await kysely
    .selectFrom("cache_record")
    .select(["team", "key", "created_at as createdAt"])
    .where(recordCondition(scope, filter, startedAt))
    .limit(FOUND_AT_ONCE)
    .execute();
}

function notLetGo(left: number, purged: number): MemodagError {
  return new MemodagError(
    "database_failed",
    `purged ${purged} cache entries, and ${left} that match are held by another transaction: ` +
      "end that transaction, and purge again",
  );
}
