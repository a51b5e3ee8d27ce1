// Remembered answers of pure key functions. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** `memo`: digest of function and arguments; `answer`: canonical JSON. */
export function keyMemos({ text, integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("cache_key_memo")
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("memo", text, (column) => column.notNull())
        .addColumn("answer", text, (column) => column.notNull())
        .addColumn("used_at", integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("cache_key_memo_pk", ["team", "memo"])
        .execute();
      await db.schema.createIndex("cache_key_memo_by_use").on("cache_key_memo").column("used_at").execute();
    },
  };
}
