// What ties a cache record to its result. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** So that a record whose result was exchanged in the database is noticed. Records from before have no seal. */
export function recordSeals({ text }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("cache_record").addColumn("seal", text).execute();
    },
  };
}
