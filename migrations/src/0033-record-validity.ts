// How long a record is valid whatever its readers' ttl. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Milliseconds from `created_at`; `null` without a limit of its own, as are all earlier records. */
export function recordValidity({ integer }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("cache_record").addColumn("valid_for_ms", integer).execute();
    },
  };
}
