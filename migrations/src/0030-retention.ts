// Removing old runs in steps, and audit entries of long ago. Frozen: never edit, add another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Milliseconds for which the database keeps audit entries, whatever the config says: 90 days. */
const AUDIT_KEPT_MS = 90 * 86_400_000;

/**
 * A run is removed with its row in `dag_run`, in one transaction that adds one here; the rows that belong to it follow
 * in as many transactions as it takes. A process that was killed in between leaves rows that have `is_drained = 0`.
 */
export function retention(types: SchemaDialect): Migration {
  const { text, integer } = types;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await types
        .withIdentity(db.schema.createTable("removed_run"))
        .addColumn("dag_run_id", integer, (column) => column.notNull())
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("dag_id", text, (column) => column.notNull())
        .addColumn("run_id", text, (column) => column.notNull())
        // `run`: all of it; `xcoms`: its XComs alone, and the run stays.
        .addColumn("what", text, (column) => column.notNull())
        .addColumn("removed_at", integer, (column) => column.notNull())
        .addColumn("is_drained", integer, (column) => column.notNull().defaultTo(0))
        .execute();
      await db.schema
        .createIndex("removed_run_undrained")
        .on("removed_run")
        .column("id")
        .where(sql.ref("is_drained"), "=", sql`0`)
        .execute();
      await db.schema.createIndex("removed_run_by_age").on("removed_run").column("removed_at").execute();
      await db.schema.alterTable("dag_run").addColumn("xcoms_removed_at", integer).execute();
      await db.schema
        .createIndex("dag_run_by_end")
        .on("dag_run")
        .columns(["ended_at", "id"])
        .where(sql.ref("ended_at"), "is not", null)
        .execute();
      await db.schema.createIndex("audit_entry_by_age").on("audit_entry").column("at").execute();
      for (const table of ["audit_entry", "audit_outcome"])
        await types.letOldRowsGo(db, table, AUDIT_KEPT_MS);
    },
  };
}
