// How far each Dag has come on its schedule. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** The plan of a Dag's schedule, the index of runs by date, and a backfill's own limit of runs. */
export function schedules({ integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      // SQLite adds one column a statement.
      for (const column of ["planned_version_id", "next_date", "last_date"]) {
        await db.schema.alterTable("dag").addColumn(column, integer).execute();
      }
      await db.schema.alterTable("dag_run").addColumn("max_active_runs", integer).execute();
      // Not unique: before, a Dag could have several runs of a date.
      await db.schema
        .createIndex("dag_run_by_date")
        .on("dag_run")
        .columns(["team", "dag_id", "logical_date"])
        .execute();
    },
  };
}
