// Copies the metadata database to another one, such as from SQLite to PostgreSQL.

import type { AuditActor } from "@memodag/core";
import { copyDatabase, redactUrl, type CopiedTableReport, type MetastoreOptions } from "@memodag/metastore";
import { isDeadOwner } from "@memodag/scheduler";
import { newAct } from "../act.ts";

/** The databases of a copy, and who makes it. */
export interface CopyInput {
  readonly from: string;
  readonly to: string;
  readonly actor: AuditActor;
  readonly options: MetastoreOptions;
}

/** The outcome of a copy. URLs have no passwords. */
export interface CopyReport {
  readonly from: string;
  readonly to: string;
  /** In the order in which they were copied. */
  readonly tables: readonly CopiedTableReport[];
}

/**
 * Copies everything, or nothing; recorded in the target.
 * @throws MemodagError as `copyDatabase` of the metastore does
 */
export async function copyMetadata(input: CopyInput): Promise<CopyReport> {
  const [from, to] = [redactUrl(input.from), redactUrl(input.to)];
  const tables = await copyDatabase({
    from: input.from,
    to: input.to,
    options: input.options,
    act: newAct(input.actor, "db.copy", null, { from }),
    isDeadOwner,
  });
  return { from, to, tables };
}
