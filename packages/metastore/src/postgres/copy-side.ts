// PostgreSQL as the source or the target of a copy.

import { sql, type Kysely } from "kysely";
import type { ColumnKind, CopiedTable, CopySide } from "../copy-side.ts";
import type { Schema } from "../tables/schema.ts";

const KINDS: ReadonlyMap<string, ColumnKind> = new Map([
  ["bigint", "integer"],
  ["double precision", "real"],
  ["text", "text"],
  ["bytea", "bytes"],
]);

interface ColumnRow {
  readonly relation: string;
  readonly name: string;
  readonly type: string;
  readonly is_identity: boolean;
  /** Place in the primary key; `null`: not part of it. */
  readonly key_place: number | null;
}

/** See {@link CopySide}. */
export const postgresCopySide: CopySide = {
  async snapshot(db, read) {
    const transaction = db.transaction().setIsolationLevel("repeatable read").setAccessMode("read only");
    return await transaction.execute(async (snapshot) => {
      // Nothing is asked here while the target makes its indexes.
      await sql`set local statement_timeout = 0`.execute(snapshot);
      await sql`set local idle_in_transaction_session_timeout = 0`.execute(snapshot);
      return await read(snapshot);
    });
  },
  async listTables(db) {
    const columns = await listColumns(db);
    const references = await listReferences(db);
    const tables: CopiedTable[] = [];
    for (const [name, ofTable] of Map.groupBy(columns, ({ relation }) => relation)) {
      tables.push({
        name,
        columns: ofTable.map((column) => ({ name: column.name, kind: KINDS.get(column.type) })),
        key: ofTable
          .filter((column) => column.key_place !== null)
          .toSorted((a, b) => (a.key_place ?? 0) - (b.key_place ?? 0))
          .map((column) => column.name),
        refersTo: references.filter(({ relation }) => relation === name).map(({ target }) => target),
        lastId: ofTable.some((column) => column.is_identity) ? await readLastId(db, name) : null,
      });
    }
    return tables;
  },
  async holdTables(db, tables) {
    await sql`lock table ${sql.join(tables.map((table) => sql.table(table)))} in exclusive mode`.execute(db);
  },
  givenIds: sql`overriding system value`,
  async continueIds(db, table, lastId) {
    // Not setval: that would stay when the transaction is rolled back.
    const next = sql.raw(String(BigInt(lastId) + 1n));
    await sql`alter table ${sql.table(table)} alter column id restart with ${next}`.execute(db);
  },
};

async function listColumns(db: Kysely<Schema>): Promise<readonly ColumnRow[]> {
  const { rows } = await sql<ColumnRow>`
    select c.relname as relation, a.attname as name, format_type(a.atttypid, null) as type,
      a.attidentity <> '' as is_identity, array_position(i.indkey::int2[], a.attnum) as key_place
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where c.relkind in ('r', 'p') and c.relnamespace = current_schema()::regnamespace
    order by c.relname, a.attnum`.execute(db);
  return rows;
}

async function listReferences(db: Kysely<Schema>): Promise<readonly { relation: string; target: string }[]> {
  const { rows } = await sql<{ relation: string; target: string }>`
    select distinct c.relname as relation, t.relname as target
    from pg_constraint r
    join pg_class c on c.oid = r.conrelid
    join pg_class t on t.oid = r.confrelid
    where r.contype = 'f' and r.connamespace = current_schema()::regnamespace`.execute(db);
  return rows;
}

async function readLastId(db: Kysely<Schema>, table: string): Promise<string | null> {
  const named = await sql<{ sequence: string }>`
    select pg_get_serial_sequence(quote_ident(${table}), 'id') as sequence`.execute(db);
  const sequence = named.rows[0]?.sequence;
  if (sequence === undefined) return null;
  // The server has quoted the name.
  const { rows } = await sql<{ last: string; is_called: boolean }>`
    select last_value::text as last, is_called from ${sql.raw(sequence)}`.execute(db);
  if (rows[0] === undefined) return null;
  return rows[0].is_called ? rows[0].last : previous(rows[0].last);
}

/** A sequence that was restarted, and has given no number since, gives this one next. */
function previous(next: string): string | null {
  const last = BigInt(next) - 1n;
  return last > 0n ? String(last) : null;
}
