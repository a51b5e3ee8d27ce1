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
import type { AgedStore, Amount } from "@memodag/result-cache";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { statement } from "../transaction-script.ts";
import { writeAct, writeEntry, writeOutcome } from "./write-act.ts";

/** The audit trail of the metadata database. */
export class MetadataAuditLog implements AuditLog, AgedStore {
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

  async amount(olderThanMs: number): Promise<Amount> {
    const { count } = await this.#old(olderThanMs)
      .select((select) => select.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    return { count, sizeBytes: 0 };
  }

  async deleteBatch(limit: number, olderThanMs: number): Promise<Amount> {
    const { kysely } = this.#dialect;
    const rows = await this.#old(olderThanMs).select("entry.id").orderBy("entry.id").limit(limit).execute();
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return { count: 0, sizeBytes: 0 };
    return await this.#dialect.transaction(function* () {
      yield* statement(kysely.deleteFrom("audit_outcome").where("entry_id", "in", ids));
      const gone = yield* statement(kysely.deleteFrom("audit_entry").where("id", "in", ids).returning("id"));
      return { count: gone.length, sizeBytes: 0 };
    });
  }

  /** Entries whose outcome, too, is so old. */
  #old(olderThanMs: number) {
    const { kysely, now } = this.#dialect;
    const before = sql<number>`${now} - ${sql.lit(olderThanMs)}`;
    return kysely
      .selectFrom("audit_entry as entry")
      .where("entry.at", "<=", before)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("audit_outcome as outcome")
              .select("outcome.entry_id")
              .whereRef("outcome.entry_id", "=", "entry.id")
              .where("outcome.at", ">", before),
          ),
        ),
      );
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
