// Why the cache did what it did, as a code and its detail. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Beside the sentence in `cache_reason`, which rows from before have instead and keep. */
export function cacheReasons({ text }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      // One by one: SQLite adds one column at a time.
      for (const column of ["cache_reason_code", "cache_reason_detail"])
        await db.schema.alterTable("task_instance").addColumn(column, text).execute();
    },
  };
}
