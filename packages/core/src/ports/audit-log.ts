// The audit trail. Implemented by the metastore, which also writes acts of its own stores down.

import type { AuditAct, AuditAction, AuditEntry, AuditOutcome } from "../audit.ts";

/** Which entries to list. */
export interface AuditFilter {
  /** Acts on this team alone; those on all teams are not among them. */
  readonly team?: string;
  readonly action?: AuditAction;
  /** Milliseconds since the Unix epoch, by the database's clock. */
  readonly since?: number;
  readonly limit: number;
}

/** A trail that is only ever added to: the database refuses anything else. */
export interface AuditLog {
  /** Writes an act down before it is done, and resolves to its number. */
  begin(act: AuditAct): Promise<number>;
  /** Says how the act of that number ended; once. */
  end(id: number, outcome: Exclude<AuditOutcome, { kind: "begun" }>): Promise<void>;
  /** Writes an act down that is done already. */
  write(act: AuditAct, affected: number | null): Promise<void>;
  /** Newest first. */
  list(filter: AuditFilter): Promise<AuditEntry[]>;
}
