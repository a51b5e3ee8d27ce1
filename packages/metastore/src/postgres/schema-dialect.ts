// How the schema is spelled on PostgreSQL.

import type { SchemaDialect } from "@memodag/migrations";
import { sql } from "kysely";
import { now } from "./clock.ts";

const DAY_MS = 86_400_000;

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
  async letOldRowsGo(db, table, keptMs) {
    const on = sql.table(table);
    const all = `${table}_append_only`;
    await sql`drop trigger ${sql.id(all)} on ${on}`.execute(db);
    await sql`
      create trigger ${sql.id(all)} before update or truncate on ${on}
      for each statement execute function ${sql.id(all)}()
    `.execute(db);
    const kept = `${table}_kept`;
    await sql`
      create function ${sql.id(kept)}() returns trigger language plpgsql as
      ${sql.lit(`begin raise exception '${table} is append-only for ${keptMs / DAY_MS} days'; end`)}
    `.execute(db);
    await sql`
      create trigger ${sql.id(kept)} before delete on ${on}
      for each row when (old.at > ${now} - ${sql.lit(keptMs)}) execute function ${sql.id(kept)}()
    `.execute(db);
    for (const trigger of [all, kept])
      await sql`alter table ${on} enable always trigger ${sql.id(trigger)}`.execute(db);
  },
};
