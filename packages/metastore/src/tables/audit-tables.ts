// The tables of who did what, as Kysely sees them. The migrations make them.

import type { Generated } from "kysely";

/** An act of an actor. */
interface AuditEntryTable {
  id: Generated<number>;
  at: number;
  actor_kind: string;
  actor: string;
  host: string;
  action: string;
  team: string | null;
  /** JSON. */
  filter: string;
}

/** How it ended. */
interface AuditOutcomeTable {
  entry_id: number;
  at: number;
  affected: number | null;
  error: string | null;
}

/** By name. */
export interface AuditTables {
  audit_entry: AuditEntryTable;
  audit_outcome: AuditOutcomeTable;
}
