// What limits are counted by: runs and tasks of a Dag at once, slots of pools. Frozen: never edit, add
// another migration.

import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

interface VersionTable {
  dag_version: { id: number; dag: string; max_active_runs: number };
}

/** The limit of runs beside the Dag's version, and the table of what is queued or running. */
export function limits({ text, integer, clustered }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      // A column: whoever claims runs must not parse the whole Dag for one number.
      await db.schema
        .alterTable("dag_version")
        .addColumn("max_active_runs", integer, (column) => column.notNull().defaultTo(16))
        .execute();
      await readFromVersions(db as Kysely<VersionTable>);

      // Apart from task_instance, whose rows of hits and of history should not pay for it.
      await clustered(db.schema.createTable("active_task"))
        .addColumn("dag_run_id", integer, (column) => column.notNull())
        .addColumn("task_id", text, (column) => column.notNull())
        .addColumn("map_index", integer, (column) => column.notNull())
        .addColumn("team", text, (column) => column.notNull())
        .addColumn("dag_id", text, (column) => column.notNull())
        .addColumn("pool", text, (column) => column.notNull())
        .addColumn("slots", integer, (column) => column.notNull())
        .addPrimaryKeyConstraint("active_task_pk", ["dag_run_id", "task_id", "map_index"])
        .execute();
    },
  };
}

async function readFromVersions(db: Kysely<VersionTable>): Promise<void> {
  const versions = await db.selectFrom("dag_version").select(["id", "dag"]).execute();
  for (const { id, dag } of versions) {
    const { maxActiveRuns } = JSON.parse(dag) as { maxActiveRuns: number };
    await sql`update dag_version set max_active_runs = ${maxActiveRuns} where id = ${id}`.execute(db);
  }
}
