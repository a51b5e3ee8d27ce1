// Leases of cache keys, and failures among cache records. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** The table of leases, and the columns of a remembered failure. */
export function cacheLeases({ text, integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("cache_lease")
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("key", text, (column) => column.notNull())
        .addColumn("token", integer, (column) => column.notNull())
        .addColumn("holder", text, (column) => column.notNull())
        .addColumn("expires_at", integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("cache_lease_pk", ["team", "key"])
        .execute();
      // One by one: SQLite adds one column at a time.
      await db.schema.alterTable("cache_record").addColumn("error_code", text).execute();
      await db.schema.alterTable("cache_record").addColumn("error_message", text).execute();
    },
  };
}
