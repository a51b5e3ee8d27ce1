// The SQLite file that athletes are loaded into. All writes are idempotent.

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import type { Athlete, AthleteRow } from "./athlete.ts";

const SCHEMA = `
  create table if not exists athlete (
    id integer primary key, name text, nation text, sport text, height_m real, weight_kg real, medals integer
  );
  create table if not exists gap (id integer primary key, line text);
`;

/** The number of rows in the file. */
export interface StoredCounts {
  readonly athletes: number;
  readonly gaps: number;
  readonly medals: number;
}

/** Inserts or replaces athletes in one transaction, and returns their number. */
export function storeAthletes(path: string, athletes: readonly Athlete[]): number {
  return storeAll(
    path,
    "insert or replace into athlete values (@id, @name, @nation, @sport, @heightM, @weightKg, @medals)",
    athletes,
  );
}

/** Stores rows with missing values in the same way, for manual inspection. */
export function storeGaps(path: string, rows: readonly AthleteRow[]): number {
  return storeAll(
    path,
    "insert or replace into gap values (@id, @line)",
    rows.map((row) => ({ id: Number(row["id"]), line: JSON.stringify(row) })),
  );
}

/** Counts the rows of the file. */
export function countStored(path: string): StoredCounts {
  return withDatabase(
    path,
    (database) =>
      database
        .prepare(
          `select (select count(*) from athlete) as athletes, (select count(*) from gap) as gaps,
                  (select coalesce(sum(medals), 0) from athlete) as medals`,
        )
        .get() as StoredCounts,
  );
}

function storeAll(path: string, statement: string, rows: readonly object[]): number {
  return withDatabase(path, (database) => {
    const insert = database.prepare(statement);
    database.transaction(() => {
      for (const row of rows) insert.run(row);
    })();
    return rows.length;
  });
}

function withDatabase<Result>(path: string, work: (database: Database.Database) => Result): Result {
  mkdirSync(dirname(path), { recursive: true });
  const database = new Database(path);
  try {
    database.exec(SCHEMA);
    return work(database);
  } finally {
    database.close();
  }
}
