// Takes keys from the entries that have them, before others get them.

import type { EntryPlace, SavingAttempt } from "@memodag/core";
import { sql, type Expression, type ExpressionBuilder, type SqlBool } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { Schema } from "../tables/schema.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { isAt, REPLACED, VISIBLE } from "./entry-rows.ts";

/** The dialect as far as writing entries needs it. */
export type EntryWriter = Pick<Dialect, "kysely" | "now" | "lockPlaces" | "restoredRows">;

type Condition = (where: ExpressionBuilder<Schema, "cache_entry">) => Expression<SqlBool>;

/**
 * Takes the keys of visible entries. Their runs may refer to their bytes until they have ended, so the rows stay, but
 * for those that the same attempt saved.
 * @returns the number of rows that stay
 */
export function* displace(
  { kysely, now }: EntryWriter,
  attemptId: SavingAttempt["attemptId"],
  condition: Condition,
): TransactionScript<number> {
  if (attemptId !== "") {
    yield* statement(
      kysely
        .deleteFrom("cache_entry")
        .where("is_pending", "=", VISIBLE)
        .where("attempt_id", "=", attemptId)
        .where(condition),
    );
  }
  const taken = yield* statement(
    kysely
      .updateTable("cache_entry")
      // From now on, as those who found it a moment ago may be about to read it.
      .set({ is_pending: REPLACED, saved_at: now })
      .where("is_pending", "=", VISIBLE)
      .where(condition)
      .returning("id"),
  );
  return taken.length;
}

/** The condition that a row has one of these keys in a place. */
export function isOneOf(place: EntryPlace, keys: readonly string[]): Condition {
  return (where) => where.and([isAt(place)(where), where("cache_entry.key", "in", keys)]);
}

/** The condition that an attempt has saved or removed the row's key, and has not published that. */
export function isTakenBy(attemptId: string, pending: number): Condition {
  return (where) =>
    where(
      where.refTuple("team", "cache", "scope_id", "key"),
      "in",
      where
        .selectFrom("cache_entry as own")
        .select(["own.team", "own.cache", "own.scope_id", "own.key"])
        .where("own.attempt_id", "=", attemptId)
        .where("own.is_pending", "=", sql.lit(pending))
        .$asTuple("team", "cache", "scope_id", "key"),
    );
}
