// Has the writers of one job cache take turns, on SQLite.

import type { TransactionScript } from "../transaction-script.ts";

/** Locks nothing: every transaction is the only one that writes. */
// oxlint-disable-next-line require-yield -- the other dialect has a statement.
export function* lockPlaces(): TransactionScript<void> {}
