// Records an act in the transaction that performs it: both are committed, or neither is.

import { requireActor, type AuditAct, type AuditOutcome } from "@memodag/core";
import type { Dialect } from "../dialect.ts";
import { storableText } from "../storable-text.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";

/** Records an act with its outcome; does nothing for `undefined`. */
export function* writeAct(
  dialect: Dialect,
  act: AuditAct | undefined,
  affected: number | null,
): TransactionScript<void> {
  if (act === undefined) return;
  const id = yield* writeEntry(dialect, act);
  yield* writeOutcome(dialect, id, { kind: "done", affected });
}

/** Writes an act whose outcome is open, and returns its number. */
export function* writeEntry({ kysely, now }: Dialect, act: AuditAct): TransactionScript<number> {
  const { actor, action, team, filter } = act;
  requireActor(actor);
  const [row] = yield* statement(
    kysely
      .insertInto("audit_entry")
      .values({
        at: now,
        actor_kind: actor.kind,
        actor: storableText(actor.name),
        host: storableText(actor.host),
        action,
        team,
        filter: storableText(JSON.stringify(filter)),
      })
      .returning("id"),
  );
  if (row === undefined) throw new Error("an audit entry was not written");
  return row.id;
}

/** Writes how an act ended. */
export function* writeOutcome(
  { kysely, now }: Dialect,
  id: number,
  outcome: Exclude<AuditOutcome, { kind: "begun" }>,
): TransactionScript<void> {
  yield* statement(
    kysely.insertInto("audit_outcome").values({
      entry_id: id,
      at: now,
      affected: outcome.kind === "done" ? outcome.affected : null,
      error: outcome.kind === "failed" ? storableText(outcome.error) : null,
    }),
  );
}
