// Tells faults that an operator can mend, of whichever database, from bugs.

import { MemodagError } from "@memodag/core";
import { faultOf as postgresFault } from "./postgres/faults.ts";
import { faultOf as sqliteFault } from "./sqlite/faults.ts";

/**
 * The error to tell an operator in place of one that a store threw; undefined when that is a bug.
 * A database that is away or read-only is nobody's bug, and comes up at any call.
 */
export function findDatabaseFault(error: unknown): MemodagError | undefined {
  const fault = sqliteFault(error) ?? postgresFault(error);
  if (fault === undefined) return undefined;
  const what = fault.code === "database_read_only" ? "cannot be written to" : "failed";
  return new MemodagError(fault.code, `The database ${what} (${fault.reason}): ${fault.mend}`, {
    cause: error,
  });
}
