// The audit trail in the metadata database.

import type {
  AuditAct,
  AuditAction,
  AuditActor,
  AuditEntry,
  AuditFilter,
  AuditLog,
  AuditOutcome,
  JsonObject,
} from "@memodag/core";
import type { Dialect } from "../dialect.ts";
import { writeAct, writeEntry, writeOutcome } from "./write-act.ts";

/** The audit trail of the metadata database. */
export class MetadataAuditLog implements AuditLog {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async begin(act: AuditAct): Promise<number> {
    return await this.#dialect.transaction(() => writeEntry(this.#dialect, act));
  }

  async end(id: number, outcome: Exclude<AuditOutcome, { kind: "begun" }>): Promise<void> {
    await this.#dialect.transaction(() => writeOutcome(this.#dialect, id, outcome));
  }

  async write(act: AuditAct, affected: number | null): Promise<void> {
    await this.#dialect.transaction(() => writeAct(this.#dialect, act, affected));
  }

  async list({ team, action, since, limit, after }: AuditFilter): Promise<AuditEntry[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("audit_entry as entry")
      .leftJoin("audit_outcome as outcome", "outcome.entry_id", "entry.id")
      .select(["entry.id", "entry.at", "actor_kind", "actor", "host", "action", "team", "filter"])
      .select(["outcome.entry_id", "affected", "error"])
      .$if(team !== undefined, (query) => query.where("team", "=", team ?? ""))
      .$if(action !== undefined, (query) => query.where("action", "=", action ?? ""))
      .$if(since !== undefined, (query) => query.where("entry.at", ">=", since ?? 0))
      .$if(after !== undefined, (query) => query.where("entry.id", "<", after ?? 0))
      .orderBy("entry.id", "desc")
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      at: row.at,
      actor: { kind: row.actor_kind as AuditActor["kind"], name: row.actor, host: row.host },
      action: row.action as AuditAction,
      team: row.team,
      filter: JSON.parse(row.filter) as JsonObject,
      outcome: toOutcome(row.entry_id !== null, row.affected, row.error),
    }));
  }
}

function toOutcome(isOver: boolean, affected: number | null, error: string | null): AuditOutcome {
  if (!isOver) return { kind: "begun" };
  return error === null ? { kind: "done", affected } : { kind: "failed", error };
}
