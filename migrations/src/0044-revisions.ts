// What has changed of a run since it was last looked at. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/**
 * A run counts the transactions that changed it or its instances, and an instance has the number of the last one that
 * wrote it. Runs from before begin with 0.
 */
export function revisions({ integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      const add = async (table: string, name: string): Promise<void> =>
        await db.schema
          .alterTable(table)
          .addColumn(name, integer, (column) => column.notNull().defaultTo(0))
          .execute();
      await add("dag_run", "revision");
      await add("task_instance", "revision");
      // The last revision that removed instances: what was read before it may list some that are gone.
      await add("dag_run", "removal_revision");
      // The newest runs of a team, of whatever Dag.
      await db.schema.createIndex("dag_run_by_team").on("dag_run").columns(["team", "id"]).execute();
    },
  };
}
