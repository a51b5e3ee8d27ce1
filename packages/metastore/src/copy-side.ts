// A database as the source or the target of a copy: its tables, and how they are read and filled.

import type { Kysely, RawBuilder, Transaction } from "kysely";
import type { Schema } from "./tables/schema.ts";

/** How values of a column are carried over. */
export type ColumnKind = "integer" | "real" | "text" | "bytes";

/** A column of a table. */
export interface CopiedColumn {
  readonly name: string;
  /** `undefined`: a type that no migration declares. */
  readonly kind: ColumnKind | undefined;
}

/** A table as the database's catalogue describes it. */
export interface CopiedTable {
  readonly name: string;
  readonly columns: readonly CopiedColumn[];
  /** The columns of the primary key, in its order. */
  readonly key: readonly string[];
  /** Tables that rows of this one refer to. */
  readonly refersTo: readonly string[];
  /** The last number that the column `id` gave itself, in digits; `null` if it gave none. */
  readonly lastId: string | null;
}

/** A database of one dialect as the source or the target of a copy. */
export interface CopySide {
  /** Has `read` see one state of the database, whatever others write meanwhile. */
  snapshot<T>(db: Kysely<Schema>, read: (snapshot: Transaction<Schema>) => Promise<T>): Promise<T>;
  /** All tables of the schema, by name. */
  listTables(db: Kysely<Schema>): Promise<CopiedTable[]>;
  /** Keeps other writers from the tables until the transaction ends. */
  holdTables(db: Transaction<Schema>, tables: readonly string[]): Promise<void>;
  /** Stands before the values of an insert that says the `id` itself. */
  readonly givenIds: RawBuilder<unknown>;
  /** Has the column `id` go on after `lastId`; undone with the transaction. */
  continueIds(db: Transaction<Schema>, table: string, lastId: string): Promise<void>;
}
