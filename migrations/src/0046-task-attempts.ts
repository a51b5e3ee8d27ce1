// When tries waited, ran and ended, and how. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** A row is written when a try is queued, and once more when it ends. Tries from before have none, and hits neither. */
export function taskAttempts(types: SchemaDialect): Migration {
  const { text, integer } = types;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await types
        .clustered(db.schema.createTable("task_attempt"))
        .addColumn("dag_run_id", integer, (column) => column.notNull())
        .addColumn("task_id", text, (column) => column.notNull())
        .addColumn("map_index", integer, (column) => column.notNull())
        .addColumn("try_number", integer, (column) => column.notNull())
        .addColumn("ready_at", integer)
        .addColumn("queued_at", integer, (column) => column.notNull())
        .addColumn("started_at", integer)
        .addColumn("ended_at", integer)
        .addColumn("outcome", text)
        .addColumn("error_code", text)
        .addColumn("error_message", text)
        .addColumn("worker", text)
        .addPrimaryKeyConstraint("task_attempt_pk", ["dag_run_id", "task_id", "map_index", "try_number"])
        .execute();
    },
  };
}
