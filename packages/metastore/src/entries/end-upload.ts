// Records that an object is written: from now on something may name it.

import type { Blob, Digest, LooseBlob } from "@memodag/core";
import type { Dialect } from "../dialect.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** The script of the end of an upload; see the entry store. */
export function* endUpload(
  { kysely, now }: Pick<Dialect, "kysely" | "now">,
  { team, store, name }: LooseBlob,
  { digest, sizeBytes }: { readonly digest: Digest; readonly sizeBytes: number },
  gone: string | undefined,
): TransactionScript<Blob> {
  if (gone !== undefined) {
    const replaced = yield* statement(
      kysely
        .updateTable("blob")
        .set({ name })
        .where("team", "=", team)
        .where("store", "=", store)
        .where("digest", "=", digest)
        .where("name", "=", gone)
        .returning("id"),
    );
    // It may come back, such as with the disk that it is on, and nothing would name it.
    if (replaced.length > 0) {
      yield* statement(
        kysely
          .insertInto("loose_blob")
          .values({ team, store, name: gone, delete_after: now })
          .onConflict((conflict) => conflict.doNothing()),
      );
    }
  }
  // An update rather than nothing, so that the row of another upload is locked and returned.
  const [row] = yield* statement(
    kysely
      .insertInto("blob")
      .values({ team, store, digest, size_bytes: sizeBytes, name, named_at: now })
      .onConflict((conflict) => conflict.columns(["team", "digest", "store"]).doUpdateSet({ named_at: now }))
      .returning(["id", "name"]),
  );
  if (!row) throw new Error("an upsert returned no row");
  const isOwn = row.name === name;
  yield* statement(
    isOwn
      ? kysely
          .deleteFrom("loose_blob")
          .where("team", "=", team)
          .where("store", "=", store)
          .where("name", "=", name)
      : kysely
          .updateTable("loose_blob")
          .set({ delete_after: now })
          .where("team", "=", team)
          .where("store", "=", store)
          .where("name", "=", name),
  );
  return { id: row.id, store, digest, sizeBytes, name: row.name };
}
