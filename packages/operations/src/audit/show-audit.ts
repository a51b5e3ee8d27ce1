// Shows one entry of the audit trail: for an operation that takes long, whether it has ended, and how.

import { MemodagError } from "@memodag/core";
import type { OperationContext } from "../context.ts";
import { isoTime } from "../iso-time.ts";
import type { AuditReport } from "./list-audit.ts";

/** Selects an entry. */
export interface AuditEntryName {
  readonly id: number;
}

/**
 * Shows an entry.
 * @throws MemodagError `audit_entry_not_found`
 */
export async function showAudit({ stores }: OperationContext, { id }: AuditEntryName): Promise<AuditReport> {
  const [entry] = await stores.audit.list({ limit: 1, after: id + 1 });
  if (entry?.id === id) return { ...entry, at: isoTime(entry.at) };
  throw new MemodagError("audit_entry_not_found", `The audit trail has no entry ${id}, or has it no more`, {
    fields: { id },
  });
}
