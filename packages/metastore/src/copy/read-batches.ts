// Reads a table in batches of few rows and few bytes, in the order of its primary key.

import { formatSize, MemodagError } from "@memodag/core";
import { sql, type Kysely, type RawBuilder } from "kysely";
import type { Schema } from "../tables/schema.ts";
import type { CopiedColumn, CopiedTable } from "../copy-side.ts";

/** Rows of a batch at most. */
const BATCH_ROWS = 500;
/** Parameters of the statement that writes a batch, at most: SQLite takes 32,766. */
const BATCH_VALUES = 30_000;
/** Bytes of a batch at most, unless it is one row. */
const BATCH_BYTES = 8 * 2 ** 20;

const BYTES = "copied_row_bytes";

/** A row by its columns' names; integers are in digits, since a number does not hold 64 bits. */
export type CopiedRow = Readonly<Record<string, unknown>>;

/**
 * Reads all rows of a table.
 * @throws MemodagError `database_copy_failed` for a row that is larger than `maxRowBytes`
 */
export async function* readBatches(
  db: Kysely<Schema>,
  table: CopiedTable,
  maxRowBytes: number,
): AsyncGenerator<readonly CopiedRow[], void> {
  let after: CopiedRow | undefined;
  for (;;) {
    // The sizes first, without the values: a single one may have hundreds of megabytes.
    const sized = await readSizes(db, table, after);
    const last = endOfBatch(table, sized, maxRowBytes);
    if (last === undefined) return;
    const columns = sql.join(table.columns.map((column) => selected(table, column)));
    const { rows } = await sql<CopiedRow>`
      select ${columns} from ${sql.table(table.name)}
      where ${beyond(table, after)} and ${comparison(table, sql`<=`, last)}
      order by ${keyOf(table)}`.execute(db);
    yield rows;
    after = last;
  }
}

type SizedRow = CopiedRow & { readonly [BYTES]: number };

async function readSizes(
  db: Kysely<Schema>,
  table: CopiedTable,
  after: CopiedRow | undefined,
): Promise<readonly SizedRow[]> {
  const limit = Math.min(BATCH_ROWS, Math.floor(BATCH_VALUES / table.columns.length));
  const keys = sql.join(keyColumns(table).map((column) => selected(table, column)));
  const sizes = table.columns
    .filter(({ kind }) => kind === "text" || kind === "bytes")
    .map(({ name }) => sql`coalesce(octet_length(${sql.ref(`${table.name}.${name}`)}), 0)`);
  const { rows } = await sql<SizedRow>`
    select ${keys}, ${sql.join([sql.lit(0), ...sizes], sql` + `)} as ${sql.ref(BYTES)}
    from ${sql.table(table.name)} where ${beyond(table, after)}
    order by ${keyOf(table)} limit ${sql.lit(limit)}`.execute(db);
  return rows;
}

/** The last row of a batch; `undefined` when there are none. */
function endOfBatch(
  table: CopiedTable,
  sized: readonly SizedRow[],
  maxRowBytes: number,
): SizedRow | undefined {
  let bytes = 0;
  let last: SizedRow | undefined;
  for (const row of sized) {
    if (row[BYTES] > maxRowBytes) throw tooLarge(table, row, maxRowBytes);
    bytes += row[BYTES];
    if (last !== undefined && bytes > BATCH_BYTES) break;
    last = row;
  }
  return last;
}

function tooLarge(table: CopiedTable, row: SizedRow, maxRowBytes: number): MemodagError {
  const key = table.key.map((name) => `${name} ${String(row[name])}`).join(", ");
  return new MemodagError(
    "database_copy_failed",
    `the row of ${table.name} with ${key} has ${formatSize(row[BYTES])}, and the target takes ` +
      `${formatSize(maxRowBytes)} at most: delete the run or purge the entry that it belongs to`,
    { fields: { table: table.name } },
  );
}

function keyColumns({ key, columns }: CopiedTable): CopiedColumn[] {
  return key.flatMap((name) => columns.filter((column) => column.name === name));
}

/** The columns of the key: qualified, as an unqualified name would mean the digits that are selected. */
function keyOf(table: CopiedTable): RawBuilder<unknown> {
  return sql.join(table.key.map((name) => sql.ref(`${table.name}.${name}`)));
}

function selected(table: CopiedTable, { name, kind }: CopiedColumn): RawBuilder<unknown> {
  const column = sql.ref(`${table.name}.${name}`);
  return kind === "integer" ? sql`cast(${column} as text) as ${sql.ref(name)}` : sql`${column}`;
}

function beyond(table: CopiedTable, after: CopiedRow | undefined): RawBuilder<unknown> {
  return after === undefined ? sql`1 = 1` : comparison(table, sql`>`, after);
}

function comparison(table: CopiedTable, operator: RawBuilder<unknown>, row: CopiedRow): RawBuilder<unknown> {
  const values = keyColumns(table).map(({ name, kind }) =>
    kind === "integer" ? sql`cast(${row[name]} as bigint)` : sql`${row[name]}`,
  );
  return sql`(${keyOf(table)}) ${operator} (${sql.join(values)})`;
}
