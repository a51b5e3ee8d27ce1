// How the schema is spelled on SQLite.

import type { SchemaDialect } from "@memodag/migrations";
import { sql } from "kysely";

/** SQLite's columns: text compares byte by byte by itself. */
export const sqliteSchema: SchemaDialect = {
  text: "text",
  integer: "integer",
  real: "real",
  bytes: "blob",
  withIdentity: (table) => table.addColumn("id", "integer", (column) => column.primaryKey().autoIncrement()),
  clustered: (table) => table.modifyEnd(sql`without rowid`),
};
