// How often an instance was lost with its scheduler. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** So that a task which takes its scheduler down with it, and a callback that does, runs a few times and not for ever. */
export function losses({ integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable("task_instance")
        .addColumn("loss_count", integer, (column) => column.notNull().defaultTo(0))
        .execute();
      await db.schema
        .alterTable("owed_callback")
        .addColumn("begin_count", integer, (column) => column.notNull().defaultTo(0))
        .execute();
    },
  };
}
