// How the schema is spelled on SQLite.

import type { SchemaDialect } from "@memodag/migrations";
import { sql, type RawBuilder } from "kysely";
import { now } from "./clock.ts";

const DAY_MS = 86_400_000;

/** SQLite's columns: text compares byte by byte by itself. */
export const sqliteSchema: SchemaDialect = {
  text: "text",
  integer: "integer",
  real: "real",
  bytes: "blob",
  canAlterColumns: false,
  withIdentity: (table) => table.addColumn("id", "integer", (column) => column.primaryKey().autoIncrement()),
  clustered: (table) => table.modifyEnd(sql`without rowid`),
  async makeAppendOnly(db, table) {
    const refusal = sql`begin select raise(abort, ${sql.lit(`${table} is append-only`)}); end`;
    const refuse = async (name: string, when: RawBuilder<unknown>): Promise<void> => {
      await sql`create trigger ${sql.id(`${table}_${name}`)} before ${when} ${refusal}`.execute(db);
    };
    const on = sql`on ${sql.table(table)}`;
    await refuse("no_update", sql`update ${on}`);
    await refuse("no_delete", sql`delete ${on}`);
    // `insert or replace` deletes without asking the trigger for that.
    const held = sql`select 1 from ${sql.table(table)} as held where held.rowid = new.rowid`;
    await refuse("no_replace", sql`insert ${on} when exists (${held})`);
  },
  async letOldRowsGo(db, table, keptMs) {
    const name = sql.id(`${table}_no_delete`);
    await sql`drop trigger ${name}`.execute(db);
    await sql`
      create trigger ${name} before delete on ${sql.table(table)}
      when old.at > ${now} - ${sql.lit(keptMs)}
      begin select raise(abort, ${sql.lit(`${table} is append-only for ${keptMs / DAY_MS} days`)}); end
    `.execute(db);
  },
};
