// Fills every table of a database with made-up rows, and reads all of them, past the code that copies.

import Database from "better-sqlite3";
import { Client, types } from "pg";
import type { TestDatabase } from "@memodag/metastore/testing";

type Value = string | bigint | number | Uint8Array | null;

/** Rows by table, each as text that tells any two values apart. */
export type Dump = Map<string, string[]>;

/** More than a number holds. */
const LARGE = 9_007_199_254_740_993n;
const ROWS = [1n, 2n, LARGE];

/** Fills a migrated SQLite database; `results` more rows are in the table of results. */
export function fillSqlite(url: string, results = 0): void {
  const database = new Database(url.slice("sqlite:".length));
  try {
    // In whatever order; that the rows fit is checked at the end.
    database.pragma("foreign_keys = OFF");
    for (const table of listSqlite(database)) {
      const columns = database.pragma(`table_info(${table})`) as readonly {
        name: string;
        type: string;
        notnull: number;
      }[];
      const insert = database.prepare(
        `insert into ${table} (${columns.map(({ name }) => `"${name}"`)}) values (${columns.map(() => "?")})`,
      );
      // The act of a copy is given the next number, which has to be one that JavaScript holds.
      const rows = table.startsWith("audit_") ? [1n, 2n, 3n] : ROWS;
      const more =
        table === "result" ? Array.from({ length: results }, (_, index) => BigInt(index) + 10n) : [];
      for (const row of [...rows, ...more])
        insert.run(columns.map((column) => valueOf(column, row, row === 2n)));
    }
    const broken = database.pragma("foreign_key_check") as unknown[];
    if (broken.length > 0) throw new Error(`rows refer to nothing: ${JSON.stringify(broken[0])}`);
  } finally {
    database.close();
  }
}

/** Equal in all rows of one number where columns may refer to each other, so that references hold. */
function valueOf(
  { name, type, notnull }: { readonly name: string; readonly type: string; readonly notnull: number },
  row: bigint,
  isBare: boolean,
): Value {
  const refers = name === "id" || name.endsWith("_id") || /digest|team|key/.test(name);
  if (isBare && notnull === 0 && !refers) return null;
  switch (type.toLowerCase()) {
    case "integer":
      return refers ? row : LARGE + row;
    case "real":
      return 0.1 + 0.2 + Number(row);
    case "blob":
      // Some of a batch's size by itself.
      return Buffer.alloc(
        row === 1n ? 9 * 2 ** 20 : 1_000,
        Buffer.from([0, 255, Number(row % 251n), 39, 92]),
      );
    default:
      return `{"row": ${row}, "text": "ü 😀 \\n '\\\\x00' \u2028"}`;
  }
}

/** All rows of all tables but those of migrations. */
export async function dump({ dialect, url }: Pick<TestDatabase, "dialect" | "url">): Promise<Dump> {
  return dialect === "sqlite" ? dumpSqlite(url) : await dumpPostgres(url);
}

function dumpSqlite(url: string): Dump {
  const database = new Database(url.slice("sqlite:".length), { readonly: true });
  try {
    database.defaultSafeIntegers(true);
    const rowsOf = (table: string) => database.prepare(`select * from ${table}`).all() as object[];
    return new Map(listSqlite(database).map((table) => [table, rowsOf(table).map(textOf).sort()]));
  } finally {
    database.close();
  }
}

function listSqlite(database: Database.Database): string[] {
  const rows = database
    .prepare(
      `select name from sqlite_master where type = 'table'
       and name not like 'sqlite%' and name not like 'schema_migration%' order by name`,
    )
    .all() as { name: string }[];
  return rows.map(({ name }) => name);
}

async function dumpPostgres(url: string): Promise<Dump> {
  const getTypeParser = ((oid: number, format?: "text") =>
    oid === types.builtins.INT8 ? BigInt : types.getTypeParser(oid, format)) as typeof types.getTypeParser;
  const client = new Client({ connectionString: url, types: { getTypeParser } });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'public'
       and tablename not like 'schema_migration%' order by 1`,
    );
    const found: Dump = new Map();
    for (const { name } of rows) {
      const table = await client.query<object>(`select * from "${name}"`);
      found.set(name, table.rows.map(textOf).sort());
    }
    return found;
  } finally {
    await client.end();
  }
}

function textOf(row: object): string {
  const cells = Object.entries(row).map(([name, value]: [string, Value]) => {
    if (value instanceof Uint8Array) return [name, `bytes ${Buffer.from(value).toString("base64")}`];
    return [name, typeof value === "bigint" ? `integer ${value}` : value];
  });
  return JSON.stringify(Object.fromEntries(cells.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))));
}
