// Transactions of runs. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/**
 * How each transaction of a run ended, what its tasks have to be stored when it does, and which callbacks follow which.
 */
export function transactions({ text, integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("run_transaction")
        .addColumn("dag_run_id", integer, (column) => column.notNull())
        .addColumn("transaction_id", text, (column) => column.notNull())
        .addColumn("state", text, (column) => column.notNull())
        .addColumn("reason", text)
        .addColumn("decided_at", integer)
        .addPrimaryKeyConstraint("run_transaction_pk", ["dag_run_id", "transaction_id"])
        .execute();
      await db.schema
        .createTable("staged_member")
        .addColumn("dag_run_id", integer, (column) => column.notNull())
        .addColumn("task_id", text, (column) => column.notNull())
        .addColumn("map_index", integer, (column) => column.notNull())
        .addColumn("transaction_id", text, (column) => column.notNull())
        .addColumn("place", integer, (column) => column.notNull())
        .addColumn("body", text)
        .addColumn("saved", text)
        .addPrimaryKeyConstraint("staged_member_pk", ["dag_run_id", "task_id", "map_index"])
        .execute();
      await db.schema.alterTable("owed_callback").addColumn("after_id", text).execute();
      await db.schema.alterTable("owed_callback").addColumn("rolls_back", text).execute();
    },
  };
}
