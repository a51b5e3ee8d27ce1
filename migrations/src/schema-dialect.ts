// What a migration must know of the database that it runs on: how columns are spelled there.

import type { ColumnDataType, CreateTableBuilder, Expression, Kysely } from "kysely";

type ColumnType = ColumnDataType | Expression<unknown>;

/** How one dialect spells the columns and tables of the schema. */
export interface SchemaDialect {
  /** Text compared byte by byte, so that order and ranges are the same on every database. */
  readonly text: ColumnType;
  /** 64 bits: counts, sizes, and times in milliseconds since the Unix epoch. */
  readonly integer: ColumnType;
  /** 64-bit floating point: measured durations, in milliseconds. */
  readonly real: ColumnType;
  readonly bytes: ColumnType;
  /** False where a column that is there stays as it is, so that a table has to be rebuilt to change one. */
  readonly canAlterColumns: boolean;
  /** Adds the column `id`: a primary key that the database counts up and never uses twice. */
  withIdentity<T extends string>(table: CreateTableBuilder<T>): CreateTableBuilder<T, "id">;
  /** Keeps rows in the order of their primary key where that pays. For tables of small rows alone. */
  clustered<T extends string, C extends string>(table: CreateTableBuilder<T, C>): CreateTableBuilder<T, C>;
  /** Has the database refuse to change or delete rows of a table, whoever asks. */
  makeAppendOnly(db: Kysely<unknown>, table: string): Promise<void>;
}
