// When entries of job caches were last read. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** `null`: not since it was saved. Only entries of caches with a size limit are told apart by it. */
export function usedEntries({ integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("cache_entry").addColumn("used_at", integer).execute();
    },
  };
}
