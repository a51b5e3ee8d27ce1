// Values of get-or-create, leases of their creators, and counters. Frozen: never edit, add another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

const COUNTS = ["hits", "misses", "waits", "stale", "errors", "lost_leases"] as const;

/** The tables of value caches. Nothing refers to them, and they refer to nothing. */
export function valueCaches({ text, integer, bytes }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("cache_value")
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("cache", text, (column) => column.notNull())
        .addColumn("key", text, (column) => column.notNull())
        .addColumn("kind", text, (column) => column.notNull())
        .addColumn("ttl_ms", integer)
        .addColumn("stored_at", integer, (column) => column.notNull())
        .addColumn("expires_at", integer)
        .addColumn("body", bytes, (column) => column.notNull())
        .addPrimaryKeyConstraint("cache_value_pk", ["team", "cache", "key"])
        .execute();
      await db.schema
        .createIndex("cache_value_by_expiry")
        .on("cache_value")
        .column("expires_at")
        .where(sql.ref("expires_at"), "is not", null)
        .execute();
      await db.schema
        .createTable("cache_value_lease")
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("cache", text, (column) => column.notNull())
        .addColumn("key", text, (column) => column.notNull())
        .addColumn("token", integer, (column) => column.notNull())
        .addColumn("holder", text, (column) => column.notNull())
        .addColumn("expires_at", integer, (column) => column.notNull())
        .addColumn("is_overtaken", integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("cache_value_lease_pk", ["team", "cache", "key"])
        .execute();
      let counters = db.schema
        .createTable("cache_value_counter")
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("cache", text, (column) => column.notNull())
        .addPrimaryKeyConstraint("cache_value_counter_pk", ["team", "cache"]);
      for (const name of COUNTS) {
        counters = counters.addColumn(name, integer, (column) => column.notNull().defaultTo(0));
      }
      await counters.execute();
    },
  };
}
