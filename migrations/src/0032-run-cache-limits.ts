// Which cached results and failures a run takes. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** JSON; `null` for a run whose tasks alone decide, as are all earlier ones. */
export function runCacheLimits({ text }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("dag_run").addColumn("cache_limits", text).execute();
    },
  };
}
