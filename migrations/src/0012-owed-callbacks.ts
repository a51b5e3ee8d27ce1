// The callbacks that are owed. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** The table of callbacks that nobody has called yet, with who is to do so. */
export function owedCallbacks({ text, integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("owed_callback")
        .addColumn("id", text, (column) => column.notNull().primaryKey())
        .addColumn("dag_run_id", integer, (column) => column.notNull())
        .addColumn("body", text, (column) => column.notNull())
        .addColumn("owner", text, (column) => column.notNull())
        .addColumn("expires_at", integer, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .execute();
    },
  };
}
