// Sessions of people at the REST API. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** Digests of secrets, never secrets. What a person may do is decided by the config, at each request. */
export function apiSessions({ integer, text }: SchemaDialect): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema
        .createTable("api_session")
        .addColumn("secret_digest", text, (column) => column.primaryKey().notNull())
        .addColumn("code_digest", text, (column) => column.notNull().unique())
        .addColumn("kind", text, (column) => column.notNull())
        .addColumn("subject", text, (column) => column.notNull())
        .addColumn("name", text, (column) => column.notNull())
        .addColumn("groups", text, (column) => column.notNull())
        .addColumn("created_at", integer, (column) => column.notNull())
        .addColumn("expires_at", integer, (column) => column.notNull())
        .execute();
    },
  };
}
