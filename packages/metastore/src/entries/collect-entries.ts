// Removes entries that are not needed any more, and the bytes that nothing names then.
//
// Bytes leave in two steps: the row of what nothing names becomes one of what may be deleted, in one statement that
// fails if something has named it meanwhile; then the caller deletes the object. Object names are never used again, so
// a collector that was killed in between, or is late, deletes nothing that is needed.

import { type CollectedEntries, type CollectOptions, type LooseBlob } from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { isStaged, mayBeRecorded, PENDING, REPLACED } from "./entry-rows.ts";

/** Removes a batch; see the entry store. */
export async function collectEntries(dialect: Dialect, options: CollectOptions): Promise<CollectedEntries> {
  const { limit } = options;
  const entries = await dialect.transaction(() => removeEntries(dialect, options));
  const freed = await freeBlobs(dialect, options);
  const loose = await dialect.kysely
    .selectFrom("loose_blob")
    .select(["team", "store", "name"])
    .where("delete_after", "<=", dialect.now)
    .limit(limit)
    .execute();
  return { entries, ...freed, loose };
}

/** Returns how much a collection would remove. Bytes that only these entries name are not in it: they follow with a later one. */
export async function amountToCollect(
  dialect: Dialect,
  options: Omit<CollectOptions, "limit">,
): Promise<{ entries: number; sizeBytes: number }> {
  const ids = new Set<number>();
  for (const query of removable(dialect, options)) for (const { id } of await query.execute()) ids.add(id);
  const freed = await unnamedBlobs(dialect, options)
    .select((select) => select.fn.sum<number | null>("size_bytes").as("size_bytes"))
    .executeTakeFirst();
  return { entries: ids.size, sizeBytes: freed?.size_bytes ?? 0 };
}

function* removeEntries(dialect: Dialect, options: CollectOptions): TransactionScript<number> {
  let removed = 0;
  for (const query of removable(dialect, options)) {
    const gone = yield* statement(
      dialect.kysely
        .deleteFrom("cache_entry")
        .where("id", "in", dialect.lockingRows(query.limit(options.limit), "skip"))
        .returning("id"),
    );
    removed += gone.length;
  }
  return removed;
}

/**
 * Entries that are not needed: expired, of attempts that failed or were lost, replaced and of runs that have ended, and
 * in caches of runs that ended long ago.
 */
function removable(
  { kysely, now }: Dialect,
  { keepMs, graceMs }: Pick<CollectOptions, "keepMs" | "graceMs">,
) {
  const all = kysely.selectFrom("cache_entry").select("cache_entry.id");
  const unrecorded = all.where((where) => where.not(mayBeRecorded(where)));
  const expired = unrecorded.where("cache_entry.expires_at", "<=", now);
  const abandoned = unrecorded.where("cache_entry.is_pending", "=", PENDING);
  const settled = all.where((where) => where.not(isStaged(where)));
  const replaced = settled
    .where("cache_entry.is_pending", "=", REPLACED)
    .where("cache_entry.saved_at", "<=", sql<number>`${now} - ${sql.lit(graceMs)}`)
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
    );
  if (keepMs === null) return [expired, abandoned, replaced];
  const ended = settled.where((where) =>
    where.exists(
      where
        .selectFrom("dag_run")
        .select("dag_run.id")
        .whereRef("dag_run.id", "=", "cache_entry.dag_run_id")
        // Of the run itself, and not of a cache that runs share.
        .where(sql<boolean>`cache_entry.scope_id = cast(dag_run.id as text)`)
        .where("dag_run.ended_at", "<=", sql<number>`${now} - ${sql.lit(keepMs)}`),
    ),
  );
  return [expired, abandoned, replaced, ended];
}

function unnamedBlobs({ kysely, now }: Dialect, { graceMs }: Pick<CollectOptions, "graceMs">) {
  return kysely
    .selectFrom("blob")
    .where("named_at", "<=", sql<number>`${now} - ${sql.lit(graceMs)}`)
    .where((where) =>
      where.and([
        where.not(
          where.exists(
            where
              .selectFrom("cache_entry")
              .select("cache_entry.id")
              .whereRef("cache_entry.blob_id", "=", "blob.id"),
          ),
        ),
        where.not(
          where.exists(
            where
              .selectFrom("cache_record_blob")
              .select("cache_record_blob.key")
              .whereRef("cache_record_blob.blob_id", "=", "blob.id"),
          ),
        ),
      ]),
    );
}

async function freeBlobs(
  dialect: Dialect,
  { graceMs, limit }: CollectOptions,
): Promise<{ blobs: number; sizeBytes: number }> {
  const unnamed = await unnamedBlobs(dialect, { graceMs })
    .select("id")
    .orderBy("named_at")
    .orderBy("id")
    .limit(limit)
    .execute();
  let blobs = 0;
  let sizeBytes = 0;
  for (const { id } of unnamed) {
    const freed = await tryFree(dialect, id, graceMs);
    if (freed === undefined) continue;
    blobs += 1;
    sizeBytes += freed;
  }
  return { blobs, sizeBytes };
}

/** Undefined if something names it by now. */
async function tryFree(dialect: Dialect, id: number, graceMs: number): Promise<number | undefined> {
  const { kysely, now } = dialect;
  try {
    return await dialect.transaction(function* () {
      const [freed] = yield* statement(
        kysely
          .deleteFrom("blob")
          .where("id", "=", id)
          .where("named_at", "<=", sql<number>`${now} - ${sql.lit(graceMs)}`)
          .returning(["team", "store", "name", "size_bytes"]),
      );
      if (!freed) return undefined;
      const { team, store, name, size_bytes } = freed satisfies LooseBlob & { size_bytes: number };
      yield* statement(kysely.insertInto("loose_blob").values({ team, store, name, delete_after: now }));
      return size_bytes;
    });
  } catch (error) {
    const isStillThere = await kysely.selectFrom("blob").select("id").where("id", "=", id).executeTakeFirst();
    // It is named again, which the reference to it refused.
    if (isStillThere) return undefined;
    throw error;
  }
}
