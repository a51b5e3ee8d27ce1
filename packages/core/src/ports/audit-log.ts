// The audit trail. Implemented by the metastore, whose stores also record their own actions.

import type { AuditAct, AuditAction, AuditEntry, AuditOutcome } from "../audit.ts";

/** Selects entries. */
export interface AuditFilter {
  /** Only actions on this team, without those on all teams. */
  readonly team?: string;
  readonly action?: AuditAction;
  /** Milliseconds since the Unix epoch, by the database's clock. */
  readonly since?: number;
  readonly limit: number;
  /** Entries that come after that of this number: older ones. */
  readonly after?: number;
}

/** An append-only trail. The database rejects any other change. */
export interface AuditLog {
  /** Records an action before it is carried out, and resolves to its number. */
  begin(act: AuditAct): Promise<number>;
  /** Records the outcome of the action with that number. Call it once. */
  end(id: number, outcome: Exclude<AuditOutcome, { kind: "begun" }>): Promise<void>;
  /** Records an action that has been carried out. */
  write(act: AuditAct, affected: number | null): Promise<void>;
  /** Lists entries, newest first. */
  list(filter: AuditFilter): Promise<AuditEntry[]>;
}
