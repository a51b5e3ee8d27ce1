// What the source hashes of tasks are made of. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** The table of source hashes' components. */
export function taskSources({ text, integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("task_source")
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("source_hash", text, (column) => column.notNull())
        .addColumn("mode", text, (column) => column.notNull())
        .addColumn("components", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("task_source_pk", ["team", "source_hash"])
        .execute();
    },
  };
}
