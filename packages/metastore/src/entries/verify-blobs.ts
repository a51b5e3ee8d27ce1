// Lists the bytes of entries, and forgets those that are damaged or gone.

import type { Blob, BlobNames, CheckedBlob } from "@memodag/core";
import type { RemovalCause } from "@memodag/result-cache";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { mayBeRecorded, VISIBLE } from "./entry-rows.ts";

/** See the entry store. */
export async function listBlobs({ kysely }: Dialect, after: number, limit: number): Promise<CheckedBlob[]> {
  const rows = await kysely
    .selectFrom("blob")
    .select(["id", "team", "store", "digest", "size_bytes", "name"])
    .where("id", ">", after)
    .orderBy("id")
    .limit(limit)
    .execute();
  return rows.map(({ size_bytes: sizeBytes, ...blob }) => ({ ...blob, sizeBytes }));
}

/** See the entry store. */
export async function findBlobNames(
  { kysely }: Dialect,
  { id }: Pick<Blob, "id">,
  limit: number,
): Promise<BlobNames> {
  const entries = await kysely
    .selectFrom("cache_entry")
    .select(["cache", "key"])
    .where("blob_id", "=", id)
    .where("is_pending", "=", VISIBLE)
    .orderBy("id")
    .limit(limit)
    .execute();
  const records = await kysely
    .selectFrom("cache_record_blob")
    .select(sql<number>`count(*)`.as("count"))
    .where("blob_id", "=", id)
    .executeTakeFirst();
  return { entries, records: records?.count ?? 0 };
}

/** See the entry store. */
export async function forgetBlob(
  dialect: Dialect,
  { id, name }: Pick<CheckedBlob, "id" | "name">,
  cause: RemovalCause,
): Promise<boolean> {
  const { kysely } = dialect;
  const records = await kysely
    .selectFrom("cache_record_blob as named")
    .innerJoin("cache_record as record", (join) =>
      join.onRef("record.team", "=", "named.team").onRef("record.key", "=", "named.key"),
    )
    .select(["record.team", "record.key", "record.created_at as createdAt"])
    .where("named.blob_id", "=", id)
    .execute();
  if (records.length > 0) await dialect.purgeFound(records, cause);
  try {
    return await dialect.transaction(() => forget(dialect, id, name));
  } catch (error) {
    const isStillThere = await kysely.selectFrom("blob").select("id").where("id", "=", id).executeTakeFirst();
    // A record may yet name it, or it is named again, which the reference to it refused.
    if (isStillThere) return false;
    throw error;
  }
}

function* forget({ kysely, now }: Dialect, id: number, name: string): TransactionScript<boolean> {
  const [found] = yield* statement(
    // By name: bytes that were put back meanwhile have another one.
    kysely
      .updateTable("blob")
      .set({ named_at: now })
      .where("id", "=", id)
      .where("name", "=", name)
      .returningAll(),
  );
  if (!found) return false;
  const { team, store } = found;
  // One that stays keeps the bytes: the reference to them refuses the next statement.
  yield* statement(
    kysely
      .deleteFrom("cache_entry")
      .where("blob_id", "=", id)
      .where((where) => where.not(mayBeRecorded(where))),
  );
  yield* statement(kysely.deleteFrom("blob").where("id", "=", id));
  yield* statement(
    kysely
      .insertInto("loose_blob")
      .values({ team, store, name, delete_after: now })
      .onConflict((conflict) => conflict.doNothing()),
  );
  return true;
}
