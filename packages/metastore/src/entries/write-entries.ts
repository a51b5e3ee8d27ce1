// Writes the entries of a pass, in its transaction: entries of attempts that succeeded become visible, and hits
// restore those of their producers.

import {
  chunksOf,
  type EntryPlace,
  type EntryWrites,
  type RestoredEntry,
  type SavedEntry,
  type TaskInstanceId,
} from "@memodag/core";
import { sql } from "kysely";
import { AbandonedPass } from "../abandoned-pass.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { displace, isOneOf, isTakenBy, type EntryWriter } from "./displace.ts";
import { BLOB_COLUMNS, leavesWithRun, PENDING, toSavedEntry, VISIBLE } from "./entry-rows.ts";

const ATTEMPTS_A_STATEMENT = 500;
const ROWS_A_STATEMENT = 200;

/** Writes the entries of a pass. Returns what the published attempts did to entries. */
export function* writeEntries(
  parts: EntryWriter,
  runId: number,
  { publish, restore }: EntryWrites,
): TransactionScript<SavedEntry[]> {
  const saved: SavedEntry[] = [];
  for (const some of chunksOf(publish, ATTEMPTS_A_STATEMENT)) {
    const attemptIds = some.map(({ attemptId }) => attemptId);
    for (const entry of yield* listSaved(parts, attemptIds)) saved.push(entry);
  }
  // All at once: locked one after the other, they could be locked by two passes in two orders.
  yield* parts.lockPlaces([
    ...saved.map(({ place }) => place),
    ...restore.flatMap(({ entries }) => entries.map(({ place }) => place)),
  ]);
  const savers = new Set(saved.map(({ attemptId }) => attemptId));
  for (const attempt of publish)
    if (savers.has(attempt.attemptId)) yield* publishAttempt(parts, runId, attempt);
  for (const { taskId, mapIndex, entries } of restore)
    yield* restoreEntries(parts, { runId, taskId, mapIndex }, entries);
  return saved;
}

/** Asked for all attempts at once, as most of them save nothing. */
function* listSaved({ kysely }: EntryWriter, attemptIds: readonly string[]): TransactionScript<SavedEntry[]> {
  const rows = yield* statement(
    kysely
      .selectFrom("cache_entry")
      .leftJoin("blob", "blob.id", "cache_entry.blob_id")
      .select([...BLOB_COLUMNS])
      .select([
        "cache_entry.team as team",
        "cache_entry.cache as cache",
        "cache_entry.scope_id as scope_id",
        "cache_entry.key as key",
        "cache_entry.attempt_id as attempt_id",
        "cache_entry.ttl_ms as ttl_ms",
      ])
      .where("cache_entry.attempt_id", "in", [...attemptIds])
      .orderBy("cache_entry.id"),
  );
  // An attempt may save a key at once, and again for its end: the later one is what it leaves.
  const byKey = new Map(
    rows.map((row) => [
      JSON.stringify([row.attempt_id, row.cache, row.scope_id, row.key]),
      toSavedEntry(row),
    ]),
  );
  return [...byKey.values()];
}

function* publishAttempt(
  parts: EntryWriter,
  runId: number,
  { taskId, mapIndex, attemptId }: EntryWrites["publish"][number],
): TransactionScript<void> {
  const { kysely, now } = parts;
  // Those of earlier tries: in a cache of the run, a key that this one did not write is gone.
  yield* statement(
    kysely
      .deleteFrom("cache_entry")
      .where("dag_run_id", "=", runId)
      .where("task_id", "=", taskId)
      .where("map_index", "=", mapIndex)
      .where("attempt_id", "!=", attemptId)
      .where(leavesWithRun(runId)),
  );
  yield* displace(parts, attemptId, isTakenBy(attemptId, PENDING));
  yield* statement(
    kysely
      .deleteFrom("cache_entry")
      .where("attempt_id", "=", attemptId)
      .where("is_pending", "=", PENDING)
      .where("blob_id", "is", null),
  );
  yield* statement(
    kysely
      .updateTable("cache_entry")
      .set({
        is_pending: VISIBLE,
        saved_at: now,
        // The lifetime counts from when the entry can be seen.
        expires_at: sql<number | null>`case when ttl_ms is null then null else ${now} + ttl_ms end`,
      })
      .where("attempt_id", "=", attemptId)
      .where("is_pending", "=", PENDING),
  );
}

/** Gives keys the bytes that an instance would have saved. The caller has locked their places. */
export function* restoreEntries(
  parts: EntryWriter,
  instance: TaskInstanceId & { readonly runId: number },
  entries: readonly RestoredEntry[],
): TransactionScript<void> {
  const { runId, taskId, mapIndex } = instance;
  yield* statement(
    parts.kysely
      .deleteFrom("cache_entry")
      .where("dag_run_id", "=", runId)
      .where("task_id", "=", taskId)
      .where("map_index", "=", mapIndex)
      .where(leavesWithRun(runId)),
  );
  for (const ofPlace of Map.groupBy(entries, ({ place }) => JSON.stringify(place)).values()) {
    for (const some of chunksOf(ofPlace, ROWS_A_STATEMENT)) {
      const place = some[0]?.place;
      if (place) yield* restoreInPlace(parts, instance, place, some);
    }
  }
}

function* restoreInPlace(
  parts: EntryWriter,
  { runId, taskId, mapIndex }: TaskInstanceId & { readonly runId: number },
  place: EntryPlace,
  entries: readonly RestoredEntry[],
): TransactionScript<void> {
  const { kysely, now } = parts;
  const ids = [...new Set(entries.flatMap(({ blob }) => blob?.id ?? []))];
  if (ids.length > 0) {
    // One that is collected from here on makes the insertion below fail, and the pass is written again.
    const known = yield* statement(
      kysely.selectFrom("blob").select("id").where("team", "=", place.team).where("id", "in", ids),
    );
    const present = new Set(known.map(({ id }) => id));
    const missing = ids.filter((id) => !present.has(id));
    if (missing.length > 0) throw new AbandonedPass({ kind: "blobs_missing", ids: missing });
  }
  yield* displace(
    parts,
    "",
    isOneOf(
      place,
      entries.map(({ key }) => key),
    ),
  );
  const rows = entries.flatMap(({ key, blob, ttlMs }) =>
    blob === null ? [] : [{ key, blobId: blob.id, ttlMs }],
  );
  if (rows.length === 0) return;
  yield sql`
    with restored (key, blob_id, ttl_ms) as (select * from ${parts.restoredRows(rows)} as restored)
    insert into cache_entry (team, cache, scope_id, key, blob_id, dag_run_id, task_id, map_index, attempt_id,
      is_pending, saved_at, ttl_ms, expires_at)
    select ${place.team}, ${place.cache}, ${place.scopeId}, key, blob_id, ${sql.lit(runId)}, ${taskId}, ${sql.lit(mapIndex)},
      '', ${sql.lit(VISIBLE)}, ${now}, ttl_ms, ${now} + ttl_ms
    from restored`.compile(kysely);
}
