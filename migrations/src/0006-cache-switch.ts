// The switch of the cache for all schedulers at once, and which of them leave the cache alone. Frozen:
// never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Tables that tell schedulers of the cache, and tell of schedulers' caches. */
export function cacheSwitch(types: SchemaDialect): Migration {
  const { text, integer } = types;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      // The row with the highest id holds; the others are the record of who did what.
      await types
        .withIdentity(db.schema.createTable("cache_switch"))
        .addColumn("is_enabled", integer, (column) => column.notNull())
        .addColumn("reason", text)
        .addColumn("changed_by", text, (column) => column.notNull())
        .addColumn("changed_at", integer, (column) => column.notNull())
        .execute();
      // One row for each scheduler that does not ask its cache as usual.
      await db.schema
        .createTable("cache_breaker")
        .addColumn("scheduler", text, (column) => column.notNull().primaryKey())
        .addColumn("state", text, (column) => column.notNull())
        .addColumn("since", integer, (column) => column.notNull())
        .addColumn("error", text)
        .addColumn("expires_at", integer, (column) => column.notNull())
        .execute();
    },
  };
}
