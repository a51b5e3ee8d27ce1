// Saves one entry: for its attempt alone until that has succeeded, or for everyone at once.

import type { NewEntry, SaveOutcome } from "@memodag/core";
import { sql } from "kysely";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { displace, isOneOf, type EntryWriter } from "./displace.ts";
import { PENDING, VISIBLE } from "./entry-rows.ts";

/** The script that saves an entry; see the entry store. */
export function* saveEntry(
  parts: EntryWriter,
  { place, key, blobId, by, isNow, ifAbsent, ttlMs }: NewEntry,
): TransactionScript<SaveOutcome> {
  const { kysely, now } = parts;
  const isPending = !isNow && !ifAbsent;
  // First, as others hold this lock while they change other rows.
  if (!isPending) yield* parts.lockPlaces([place]);
  if (blobId !== null) {
    const named = yield* statement(
      kysely
        .updateTable("blob")
        .set({ named_at: now })
        .where("id", "=", blobId)
        .where("team", "=", place.team)
        .returning("id"),
    );
    if (named.length === 0) return "blob_missing";
  }
  const { team, cache, scopeId } = place;
  // An earlier save or removal of the key by the same attempt.
  yield* statement(
    kysely
      .deleteFrom("cache_entry")
      .where("attempt_id", "=", by.attemptId)
      .where("cache", "=", cache)
      .where("key", "=", key)
      .where("is_pending", "=", PENDING),
  );
  if (!isPending) {
    const live = yield* statement(
      kysely
        .selectFrom("task_instance")
        .select("task_id")
        .where("dag_run_id", "=", by.runId)
        .where("task_id", "=", by.taskId)
        .where("map_index", "=", by.mapIndex)
        .where("attempt_id", "=", by.attemptId),
    );
    if (live.length === 0) return "not_live";
    const isKey = isOneOf(place, [key]);
    yield* displace(
      parts,
      by.attemptId,
      ifAbsent ? (where) => where.and([isKey(where), where("cache_entry.expires_at", "<=", now)]) : isKey,
    );
    // Nothing is left of a key that is removed at once.
    if (blobId === null) return "saved";
  }
  const inserted = yield* statement(
    kysely
      .insertInto("cache_entry")
      .values({
        team,
        cache,
        scope_id: scopeId,
        key,
        blob_id: blobId,
        dag_run_id: by.runId,
        task_id: by.taskId,
        map_index: by.mapIndex,
        attempt_id: by.attemptId,
        is_pending: isPending ? PENDING : VISIBLE,
        saved_at: now,
        ttl_ms: ttlMs,
        expires_at: ttlMs === null || isPending ? null : sql<number>`${now} + ${sql.lit(ttlMs)}`,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning("id"),
  );
  return inserted.length > 0 ? "saved" : "present";
}
