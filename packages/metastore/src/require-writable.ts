// Finds out whether a database can be written to, without leaving anything in it.

import type { AuditAct } from "@memodag/core";
import { writeEntry } from "./audit/write-act.ts";
import { findDatabaseFault } from "./database-fault.ts";
import type { Dialect } from "./dialect.ts";

/** Undoes the transaction. */
class Undo extends Error {}

const TRIAL_ACT: AuditAct = {
  actor: { kind: "os_user", name: "trial", host: "trial" },
  action: "config.change",
  team: null,
  filter: {},
};

/**
 * Writes a row and takes it back.
 * @throws MemodagError `database_read_only`, `database_failed`
 */
export async function requireWritable(dialect: Dialect): Promise<void> {
  try {
    await dialect.transaction(function* () {
      yield* writeEntry(dialect, TRIAL_ACT);
      throw new Undo();
    });
  } catch (error) {
    if (!(error instanceof Undo)) throw findDatabaseFault(error) ?? error;
  }
}
