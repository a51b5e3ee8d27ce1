// The processes of services, as long as they run. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** A process that is killed leaves its row, whose last beat tells. */
export function serviceProcesses({ integer, text }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("service_process")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("kind", text, (column) => column.notNull())
        .addColumn("host", text, (column) => column.notNull())
        .addColumn("pid", integer, (column) => column.notNull())
        .addColumn("version", text, (column) => column.notNull())
        .addColumn("slots", integer)
        .addColumn("started_at", integer, (column) => column.notNull())
        .addColumn("beat_at", integer, (column) => column.notNull())
        .execute();
    },
  };
}
