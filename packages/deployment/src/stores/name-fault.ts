// Names failures of databases and disks, which are not bugs of memodag.

import { findFileFault } from "@memodag/core";
import { findDatabaseFault } from "@memodag/metastore/faults";

/** The `MemodagError` for a failure of a database or a disk; any other error unchanged. */
export function nameFault(error: unknown): unknown {
  return findDatabaseFault(error) ?? findFileFault(error) ?? error;
}
