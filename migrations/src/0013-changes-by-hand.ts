// How often somebody changed a run by hand. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** What a holder compares, whose run was changed between its claim and its first pass. */
export function changesByHand({ integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .alterTable("dag_run")
        .addColumn("hand_count", integer, (column) => column.notNull().defaultTo(0))
        .execute();
    },
  };
}
