// SQLite as the source or the target of a copy.

import { sql, type Kysely } from "kysely";
import type { ColumnKind, CopiedTable, CopySide } from "../copy-side.ts";
import type { Schema } from "../tables/schema.ts";

const KINDS: ReadonlyMap<string, ColumnKind> = new Map([
  ["integer", "integer"],
  ["real", "real"],
  ["text", "text"],
  ["blob", "bytes"],
]);

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  /** Place in the primary key from 1; 0: not part of it. */
  readonly pk: number;
}

/** See {@link CopySide}. */
export const sqliteCopySide: CopySide = {
  // On a connection that only reads, a transaction takes no lock that keeps others from writing.
  snapshot: (db, read) => db.transaction().execute(read),
  async listTables(db) {
    const { rows } = await sql<{ name: string; sql: string }>`
      select name, sql from sqlite_master
      where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name`.execute(db);
    const tables: CopiedTable[] = [];
    for (const table of rows)
      tables.push(await readTable(db, table.name, /\bautoincrement\b/i.test(table.sql)));
    return tables;
  },
  // The transaction has the only lock for writing.
  holdTables: async () => undefined,
  givenIds: sql``,
  async continueIds(db, table, lastId) {
    await sql`delete from sqlite_sequence where name = ${table}`.execute(db);
    await sql`insert into sqlite_sequence (name, seq) values (${table}, cast(${lastId} as integer))`.execute(
      db,
    );
  },
};

async function readTable(db: Kysely<Schema>, name: string, hasIds: boolean): Promise<CopiedTable> {
  const columns = await sql<ColumnRow>`select name, type, pk from pragma_table_info(${name})`.execute(db);
  const references = await sql<{ target: string }>`
    select distinct "table" as target from pragma_foreign_key_list(${name})`.execute(db);
  return {
    name,
    columns: columns.rows.map((column) => ({
      name: column.name,
      kind: KINDS.get(column.type.toLowerCase()),
    })),
    key: columns.rows
      .filter(({ pk }) => pk > 0)
      .toSorted((a, b) => a.pk - b.pk)
      .map((column) => column.name),
    refersTo: references.rows.map(({ target }) => target),
    lastId: hasIds ? await readLastId(db, name) : null,
  };
}

async function readLastId(db: Kysely<Schema>, table: string): Promise<string | null> {
  const { rows } = await sql<{ seq: string }>`
    select cast(seq as text) as seq from sqlite_sequence where name = ${table}`.execute(db);
  return rows[0]?.seq ?? null;
}
