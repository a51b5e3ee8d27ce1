// Errors of PostgreSQL, or of the connection to it, that are not bugs of memodag.

import type { DatabaseFault } from "../dialect.ts";

const READ_ONLY = "25006";

/** SQLSTATE classes and codes that name trouble of the server, or of what its user may do. */
const SERVER_FAULT = /^(08|28|3D|53|57|58|XX|42501)/;

/** Of Node's sockets, and what pg throws in words alone. */
const CONNECTION_FAULT =
  /^(ECONN|EHOST|ENET|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_)|^Connection terminated|^timeout exceeded when trying to connect|^timeout expired$|is not queryable$/;

/** The fault that an error of pg stands for; undefined when an operator cannot fix it. */
export function faultOf(error: unknown): DatabaseFault | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (isDatabaseError(error)) {
    if (code === READ_ONLY) {
      return {
        code: "database_read_only",
        reason: error.message,
        remedy: "point [database] url at the primary, or turn default_transaction_read_only off for its user",
      };
    }
    if (!SERVER_FAULT.test(code)) return undefined;
  } else if (!CONNECTION_FAULT.test(code) && !CONNECTION_FAULT.test(error.message)) return undefined;
  return {
    code: "database_failed",
    reason: error.message || code,
    remedy: "check that it runs, can be reached, and lets the user of [database] url read and write",
  };
}

/**
 * SQLSTATE classes of what is wrong with the data: one row twice, a value that its column does not take, a broken
 * constraint, a limit of the server's. The server has no class for an allocation that is larger than it makes.
 */
const DATA_FAULT = /^(21|22|23|54)/;
const TOO_LARGE = /^invalid memory alloc request size/;

/** True when the server refuses the data of a statement, and would again. */
export function isDataFault(error: unknown): boolean {
  if (!(error instanceof Error) || !isDatabaseError(error)) return false;
  return DATA_FAULT.test((error as NodeJS.ErrnoException).code ?? "") || TOO_LARGE.test(error.message);
}

/** As pg's own class, which is not imported for it: a SQLite user does not load pg to see an error. */
function isDatabaseError(error: Error): boolean {
  return "severity" in error && "length" in error;
}
