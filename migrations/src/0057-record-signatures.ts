// What proves who made a cache record. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** JSON of a signature and of what it covers beside the record's columns; `null`: none, as are all earlier records. */
export function recordSignatures({ text }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("cache_record").addColumn("signature", text).execute();
    },
  };
}
