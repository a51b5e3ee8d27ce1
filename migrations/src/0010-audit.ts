// Who did what, when: tables that are only ever added to. Frozen: never edit, add another migration.

import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";
import type { SchemaDialect } from "./schema-dialect.ts";

/** The tables of the audit trail. */
export function audit(types: SchemaDialect): Migration {
  const { text, integer } = types;
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      await types
        .withIdentity(db.schema.createTable("audit_entry"))
        .addColumn("at", integer, (column) => column.notNull())
        // What kind of name `actor` is: an operating system's user has no say over those of other kinds.
        .addColumn("actor_kind", text, (column) => column.notNull())
        .addColumn("actor", text, (column) => column.notNull())
        .addColumn("host", text, (column) => column.notNull())
        .addColumn("action", text, (column) => column.notNull())
        // Null: whatever team there is.
        .addColumn("team", text)
        .addColumn("filter", text, (column) => column.notNull())
        .execute();
      await db.schema.createIndex("audit_entry_team").on("audit_entry").columns(["team", "id"]).execute();
      // A row of its own, since an act that takes its time is written down before it begins.
      await db.schema
        .createTable("audit_outcome")
        .addColumn("entry_id", integer, (column) =>
          column.notNull().primaryKey().references("audit_entry.id"),
        )
        .addColumn("at", integer, (column) => column.notNull())
        .addColumn("affected", integer)
        .addColumn("error", text)
        .execute();
      for (const table of ["audit_entry", "audit_outcome"]) await types.makeAppendOnly(db, table);
    },
  };
}
