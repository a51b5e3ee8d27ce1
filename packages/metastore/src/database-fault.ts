// Distinguishes faults that an operator can fix, and faults of the data, from bugs, for every database.

import { MemodagError } from "@memodag/core";
import { faultOf as postgresFault, isDataFault as isPostgresDataFault } from "./postgres/faults.ts";
import { faultOf as sqliteFault, isDataFault as isSqliteDataFault } from "./sqlite/faults.ts";

/**
 * The error to tell an operator in place of one that a store threw; undefined when that is a bug.
 * A database that is away or read-only is not a bug, and may occur at any call.
 */
export function findDatabaseFault(error: unknown): MemodagError | undefined {
  const fault = sqliteFault(error) ?? postgresFault(error);
  if (fault === undefined) return undefined;
  const what = fault.code === "database_read_only" ? "cannot be written to" : "failed";
  return new MemodagError(fault.code, `The database ${what} (${fault.reason}): ${fault.remedy}`, {
    cause: error,
  });
}

/** True when what was to be written is at fault, so that the same would be refused again. */
export function isDataFault(error: unknown): boolean {
  return isSqliteDataFault(error) || isPostgresDataFault(error) || isTooLongForScript(error);
}

/** A driver puts a statement together in strings and buffers, whose length JavaScript bounds. */
function isTooLongForScript(error: unknown): boolean {
  if (error instanceof RangeError) return true;
  return error instanceof Error && "code" in error && error.code === "ERR_STRING_TOO_LONG";
}
