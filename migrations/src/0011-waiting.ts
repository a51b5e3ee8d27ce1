// What tasks that wait for something need to go on after a restart. Frozen: never edit, add another
// migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Since when a try waits, and which task's try made a run. */
export function waiting({ text, integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("task_instance").addColumn("waiting_since", integer).execute();
      await db.schema.alterTable("dag_run").addColumn("made_by", text).execute();
    },
  };
}
