// Names faults of databases and disks, which are no bugs of memodag.

import { findFileFault } from "@memodag/core";
import { findDatabaseFault } from "@memodag/metastore";

/** The `MemodagError` for a fault of a database or of a disk; every other error as it is. */
export function nameFault(error: unknown): unknown {
  return findDatabaseFault(error) ?? findFileFault(error) ?? error;
}
