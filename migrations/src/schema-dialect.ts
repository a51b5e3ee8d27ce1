// The differences between databases that migrations depend on: how columns are declared.

import type { ColumnDataType, CreateTableBuilder, Expression, Kysely } from "kysely";

type ColumnType = ColumnDataType | Expression<unknown>;

/** How one dialect declares columns and tables. */
export interface SchemaDialect {
  /** A string compared byte by byte, so that order and ranges are the same on every database. */
  readonly text: ColumnType;
  /** 64 bits: counts, sizes, and times in milliseconds since the Unix epoch. */
  readonly integer: ColumnType;
  /** 64-bit floating point: measured durations, in milliseconds. */
  readonly real: ColumnType;
  readonly bytes: ColumnType;
  /** False if existing columns cannot be changed, so that the table has to be rebuilt. */
  readonly canAlterColumns: boolean;
  /** Adds the column `id`: an auto-incremented primary key that is never reused. */
  withIdentity<T extends string>(table: CreateTableBuilder<T>): CreateTableBuilder<T, "id">;
  /** Stores rows in primary key order if that is beneficial. For tables with small rows only. */
  clustered<T extends string, C extends string>(table: CreateTableBuilder<T, C>): CreateTableBuilder<T, C>;
  /** Makes the database reject changes and deletions of a table's rows. */
  makeAppendOnly(db: Kysely<unknown>, table: string): Promise<void>;
  /** Lets rows of such a table be deleted once their column `at` is so many milliseconds old. */
  letOldRowsGo(db: Kysely<unknown>, table: string, keptMs: number): Promise<void>;
}
