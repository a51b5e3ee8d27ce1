// How the schema is spelled on PostgreSQL.

import type { SchemaDialect } from "@memodag/migrations";
import { sql } from "kysely";

/** PostgreSQL's columns: text compares byte by byte, whatever the database's locale. */
export const postgresSchema: SchemaDialect = {
  text: sql`text collate "C"`,
  integer: "bigint",
  real: "double precision",
  bytes: "bytea",
  withIdentity: (table) =>
    table.addColumn("id", "bigint", (column) => column.generatedAlwaysAsIdentity().primaryKey()),
  clustered: (table) => table,
};
