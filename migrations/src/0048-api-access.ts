// Tokens of the REST API. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Digests of secrets, never secrets. */
export function apiAccess({ integer, text }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("api_token")
        .addColumn("id", text, (column) => column.primaryKey().notNull())
        .addColumn("name", text, (column) => column.notNull())
        .addColumn("secret_digest", text, (column) => column.notNull())
        .addColumn("team", text)
        .addColumn("role", text, (column) => column.notNull())
        .addColumn("has_values", integer, (column) => column.notNull())
        .addColumn("made_by", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("expires_at", integer, (column) => column.notNull())
        .addColumn("revoked_at", integer)
        .addColumn("used_at", integer)
        .execute();
    },
  };
}
