// Transactions as scripts: statements handed out one by one, so that each database runs them its way.
// SQLite's calls block the thread. Were its transactions to await between statements, another connection
// of the same process, waiting for the lock, would keep the thread that has to let go of it.

import type { Compilable, CompiledQuery } from "kysely";

/** Hands out statements in the order in which they run, and is given each one's rows. */
export type TransactionScript<T> = Generator<CompiledQuery, T, readonly unknown[]>;

/** One statement of a script; its value is the rows that it returns. */
export function* statement<Row>(query: Compilable<Row>): TransactionScript<readonly Row[]> {
  return (yield query.compile()) as readonly Row[];
}
