// Which tasks of a run are selected. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** JSON; `null` for a run of all tasks, as are all earlier ones. */
export function runSelections({ text }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("dag_run").addColumn("selection", text).execute();
    },
  };
}
