// How the schema is spelled on PostgreSQL.

import type { SchemaDialect } from "@memodag/migrations";
import { sql } from "kysely";

/** PostgreSQL's columns: text compares byte by byte, whatever the database's locale. */
export const postgresSchema: SchemaDialect = {
  text: sql`text collate "C"`,
  integer: "bigint",
  real: "double precision",
  bytes: "bytea",
  canAlterColumns: true,
  withIdentity: (table) =>
    table.addColumn("id", "bigint", (column) => column.generatedAlwaysAsIdentity().primaryKey()),
  clustered: (table) => table,
  async makeAppendOnly(db, table) {
    const name = `${table}_append_only`;
    await sql`
      create function ${sql.id(name)}() returns trigger language plpgsql as
      ${sql.lit(`begin raise exception '${table} is append-only'; end`)}
    `.execute(db);
    await sql`
      create trigger ${sql.id(name)} before update or delete or truncate on ${sql.table(table)}
      for each statement execute function ${sql.id(name)}()
    `.execute(db);
    // Also in sessions that leave other triggers out, as those of replication do.
    await sql`alter table ${sql.table(table)} enable always trigger ${sql.id(name)}`.execute(db);
  },
};
