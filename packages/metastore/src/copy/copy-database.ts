// Copies a metadata database into an empty one: all of it in one transaction of the target, or nothing.

import { MemodagError, messageOf, type AuditAct } from "@memodag/core";
import { sql, type Transaction } from "kysely";
import { writeAct } from "../audit/write-act.ts";
import { parseDatabaseUrl, redactUrl, type DatabaseUrl } from "../database-url.ts";
import type { Dialect } from "../dialect.ts";
import { migrate, requireMigrated } from "../migrate.ts";
import { openDialect, type MetastoreOptions } from "../open-dialect.ts";
import type { Schema } from "../tables/schema.ts";
import type { CopiedTable } from "../copy-side.ts";
import { planCopy } from "./plan-copy.ts";
import { readBatches, type CopiedRow } from "./read-batches.ts";
import { requireIdle } from "./require-idle.ts";

/** The databases of a copy, and in whose name it is made. */
export interface CopyRequest {
  /** The URL of the database that is copied. */
  readonly from: string;
  /** The URL of the database that is filled. */
  readonly to: string;
  readonly options: MetastoreOptions;
  /** Recorded in the target. */
  readonly act: AuditAct;
  /** True for the holder of a lease that is known to have ended. */
  isDeadOwner(owner: string): boolean;
}

/** A table that was copied. */
export interface CopiedTableReport {
  readonly name: string;
  readonly rows: number;
}

/** A row may have as much beside its largest value. */
const BESIDE_VALUE_BYTES = 2 ** 20;

/**
 * Copies all tables as they are at one moment, and resolves to them in the order of copying. The source is only read.
 * The target is migrated first; a copy that fails or is killed leaves it without rows.
 * @throws MemodagError `database_in_use`, `database_not_empty`, `database_copy_failed`, `database_not_migrated`,
 * `database_newer`, `database_unreachable`
 */
export async function copyDatabase(request: CopyRequest): Promise<readonly CopiedTableReport[]> {
  const { options } = request;
  const folder = options.folder ?? process.cwd();
  const [from, to] = [parseDatabaseUrl(request.from, folder), parseDatabaseUrl(request.to, folder)];
  requireTwo(from, to, request.to);
  const source = await openDialect(from, { ...options, sqlite: { ...options.sqlite, isReadOnly: true } });
  try {
    await requireMigrated(source);
    const { snapshot } = await source.copySide();
    return await snapshot(source.kysely, async (rows) => {
      await requireIdle(source, rows, request.isDeadOwner);
      const target = await openDialect(to, options);
      try {
        await migrate(target);
        return await fill(target, source, rows, request);
      } finally {
        await target.close();
      }
    });
  } finally {
    await source.close();
  }
}

function requireTwo(from: DatabaseUrl, to: DatabaseUrl, url: string): void {
  const nameOf = (one: DatabaseUrl): string => (one.dialect === "sqlite" ? one.path : one.url);
  if (nameOf(from) !== nameOf(to)) return;
  throw new MemodagError("usage", `${redactUrl(url)} is the configured database itself: name another one`);
}

async function fill(
  target: Dialect,
  source: Dialect,
  snapshot: Transaction<Schema>,
  { to, act }: CopyRequest,
): Promise<readonly CopiedTableReport[]> {
  const side = await target.copySide();
  return await target.kysely.transaction().execute(async (db) => {
    // Another copy to the same database waits here, and finds it filled.
    await target.lockForMigration(db);
    const { listTables } = await source.copySide();
    const tables = planCopy(await listTables(snapshot), await side.listTables(db));
    await side.holdTables(
      db,
      tables.map(({ name }) => name),
    );
    await requireEmpty(db, tables, to);
    const reports: CopiedTableReport[] = [];
    for (const table of tables) {
      const rows = await copyTable(table, snapshot, target, db);
      if (table.lastId !== null) await side.continueIds(db, table.name, table.lastId);
      reports.push({ name: table.name, rows });
    }
    await runAct(target, db, act, reports);
    return reports;
  });
}

async function copyTable(
  table: CopiedTable,
  snapshot: Transaction<Schema>,
  target: Dialect,
  db: Transaction<Schema>,
): Promise<number> {
  const { givenIds } = await target.copySide();
  const names = table.columns.map(({ name }) => name);
  const into = sql`insert into ${sql.table(table.name)} (${sql.join(names.map((name) => sql.ref(name)))})`;
  const valuesOf = (row: CopiedRow) => sql`(${sql.join(names.map((name) => row[name]))})`;
  try {
    for await (const rows of readBatches(snapshot, table, target.maxResultBytes + BESIDE_VALUE_BYTES))
      await sql`${into} ${givenIds} values ${sql.join(rows.map(valuesOf))}`.execute(db);
  } catch (error) {
    if (error instanceof MemodagError) throw error;
    throw new MemodagError(
      "database_copy_failed",
      `the table ${table.name} cannot be copied (${messageOf(error)}): nothing was copied, and the target is ` +
        "still empty; check both databases, and start again",
      { cause: error, fields: { table: table.name } },
    );
  }
  const [rows, copied] = [await countRows(snapshot, table), await countRows(db, table)];
  if (rows === copied) return rows;
  throw new MemodagError(
    "database_copy_failed",
    `the table ${table.name} has ${rows} rows, and ${copied} arrived: nothing was copied; ` +
      "check both databases with their own tools, and start again",
    { fields: { table: table.name } },
  );
}

async function countRows(db: Transaction<Schema>, { name }: CopiedTable): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(name)}`.execute(db);
  return rows[0]?.count ?? 0;
}

async function requireEmpty(
  db: Transaction<Schema>,
  tables: readonly CopiedTable[],
  url: string,
): Promise<void> {
  for (const { name } of tables) {
    const { rows } = await sql`select 1 as one from ${sql.table(name)} limit 1`.execute(db);
    if (rows.length === 0) continue;
    throw new MemodagError(
      "database_not_empty",
      `the database ${redactUrl(url)} has rows in ${name}: copy to an empty one, such as one that was just created`,
      { fields: { url: redactUrl(url), table: name } },
    );
  }
}

/** In the transaction of the copy, as other acts are in theirs. */
async function runAct(
  target: Dialect,
  db: Transaction<Schema>,
  act: AuditAct,
  reports: readonly CopiedTableReport[],
): Promise<void> {
  const script = writeAct(
    target,
    act,
    reports.reduce((sum, { rows }) => sum + rows, 0),
  );
  let step = script.next();
  while (!step.done) step = script.next((await db.executeQuery(step.value)).rows);
}
