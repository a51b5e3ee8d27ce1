// Keeps the caches that have a size limit below it: the entries that were not read for the longest time leave first.

import type { EntryLimit } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { isLimited, isLive, isStaged, VISIBLE } from "./entry-rows.ts";

/** An entry to remove. */
interface Excess {
  readonly id: number;
  readonly size_bytes: number;
}

/** Removes a batch; see the entry store. */
export async function evictEntries(
  dialect: Dialect,
  limit: EntryLimit,
  most: number,
): Promise<{ entries: number; sizeBytes: number }> {
  const excess = (await listExcess(dialect, limit)).slice(0, most);
  if (excess.length === 0) return { entries: 0, sizeBytes: 0 };
  const { kysely } = dialect;
  const ids = excess.map(({ id }) => id);
  const chosen = kysely.selectFrom("cache_entry").select("id").where("id", "in", ids);
  const gone = await kysely
    .deleteFrom("cache_entry")
    .where("id", "in", dialect.lockingRows(chosen, "skip"))
    .where("is_pending", "=", VISIBLE)
    .returning("id")
    .execute();
  const removed = new Set(gone.map(({ id }) => id));
  const sizeBytes = excess.reduce((sum, { id, size_bytes }) => sum + (removed.has(id) ? size_bytes : 0), 0);
  return { entries: removed.size, sizeBytes };
}

/**
 * The entries over a limit, in the order in which they leave. Those of runs in progress stay: a task of theirs may be about
 * to read them. So do those of results that wait for the end of a transaction.
 */
export async function listExcess({ kysely, now }: Dialect, limit: EntryLimit): Promise<Excess[]> {
  const used = await kysely
    .selectFrom("cache_entry")
    .innerJoin("blob", "blob.id", "cache_entry.blob_id")
    .select("cache_entry.team")
    .select((select) => select.fn.sum<number>("blob.size_bytes").as("size_bytes"))
    .where(isLimited(limit))
    // Others leave by themselves.
    .where(isLive(now))
    .groupBy("cache_entry.team")
    .execute();
  const excess: Excess[] = [];
  for (const { team, size_bytes: sizeBytes } of used) {
    let over = sizeBytes - limit.maxBytes;
    if (over <= 0) continue;
    const rows = await kysely
      .selectFrom("cache_entry")
      .innerJoin("blob", "blob.id", "cache_entry.blob_id")
      .select(["cache_entry.id", "blob.size_bytes"])
      .where(isLimited(limit))
      .where(isLive(now))
      .where("cache_entry.team", "=", team)
      .where((where) => where.not(isStaged(where)))
      .where((where) =>
        where.not(
          where.exists(
            where
              .selectFrom("dag_run")
              .select("dag_run.id")
              .whereRef("dag_run.id", "=", "cache_entry.dag_run_id")
              .where("dag_run.ended_at", "is", null),
          ),
        ),
      )
      .orderBy(sql`coalesce(cache_entry.used_at, cache_entry.saved_at)`)
      .orderBy("cache_entry.id")
      .limit(MOST_A_TEAM)
      .execute();
    for (const row of rows) {
      if (over <= 0) break;
      excess.push(row);
      over -= row.size_bytes;
    }
  }
  return excess;
}

/** Rows that one call looks at; the next one finds the rest. */
const MOST_A_TEAM = 10_000;
