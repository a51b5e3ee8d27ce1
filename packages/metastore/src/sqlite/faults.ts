// Errors of SQLite that are not bugs of memodag: its file, its disk, its permissions.

import type { DatabaseFault } from "../dialect.ts";

/** The remedy by prefix of SQLite's code. */
const FAULTS: readonly (readonly [prefix: string, code: DatabaseFault["code"], remedy: string])[] = [
  [
    "SQLITE_READONLY_DBMOVED",
    "database_failed",
    "put the file back, or restart what runs on it: what is written now would be lost",
  ],
  [
    "SQLITE_READONLY",
    "database_read_only",
    "let the user that runs memodag write to the file that [database] url names, and to its folder",
  ],
  ["SQLITE_FULL", "database_failed", "make room on its disk"],
  ["SQLITE_BUSY", "database_failed", "another process keeps it locked: try again when that has ended"],
  ["SQLITE_CORRUPT", "database_failed", "its file is damaged: put a backup in its place"],
  ["SQLITE_NOTADB", "database_failed", "the file that [database] url names is no SQLite database"],
  ["SQLITE_IOERR", "database_failed", "check its disk, and that there is room on it"],
  ["SQLITE_CANTOPEN", "database_failed", "check that its folder is there and can be written to"],
];

/** The fault that an error of SQLite stands for; undefined when an operator cannot fix it. */
export function faultOf(error: unknown): DatabaseFault | undefined {
  if (!isSqliteError(error)) return undefined;
  const known = FAULTS.find(([prefix]) => error.code.startsWith(prefix));
  return known && { code: known[1], reason: error.message, remedy: known[2] };
}

/** The codes of SQLite for data that it rejects. */
const DATA_FAULT = /^SQLITE_(TOOBIG|CONSTRAINT|MISMATCH)/;

/** True when SQLite refuses the data of a statement, and would again. */
export function isDataFault(error: unknown): boolean {
  return isSqliteError(error) && DATA_FAULT.test(error.code);
}

/** As better-sqlite3's own class, which is not imported for it: the driver is loaded when it is used. */
function isSqliteError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_");
}
