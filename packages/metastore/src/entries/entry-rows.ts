// Entries and bytes as rows, and back.

import type { Blob, EntryLimit, EntryPlace, EntrySelection, SavedEntry, StoredEntry } from "@memodag/core";
import { sql, type Expression, type ExpressionBuilder, type RawBuilder, type SqlBool } from "kysely";
import type { Schema } from "../tables/schema.ts";

/** Values of `is_pending`: everyone sees the entry. */
export const VISIBLE = 0;

/** Its attempt alone sees it. */
export const PENDING = 1;

/** Its key was given to another entry, or removed; the run that saved it may still refer to its bytes. */
export const REPLACED = 2;

/** Columns of `blob` beside those of another table. */
export const BLOB_COLUMNS = [
  "blob.id as blob_id",
  "blob.store as store",
  "blob.digest as digest",
  "blob.size_bytes as size_bytes",
  "blob.name as name",
] as const;

/** Columns of `cache_entry` in a listing. */
export const ENTRY_COLUMNS = [
  "cache_entry.id as id",
  "cache_entry.cache as cache",
  "cache_entry.key as key",
  "cache_entry.dag_run_id as dag_run_id",
  "cache_entry.task_id as task_id",
  "cache_entry.map_index as map_index",
  "cache_entry.saved_at as saved_at",
  "cache_entry.expires_at as expires_at",
] as const;

/** The columns of bytes; null where an entry has none. */
interface BlobRow {
  readonly blob_id: number | null;
  readonly store: string | null;
  readonly digest: string | null;
  readonly size_bytes: number | null;
  readonly name: string | null;
}

/** Both kinds of columns. */
export interface EntryRow extends BlobRow {
  readonly id: number;
  readonly cache: string;
  readonly key: string;
  readonly dag_run_id: number;
  readonly task_id: string;
  readonly map_index: number;
  readonly saved_at: number;
  readonly expires_at: number | null;
}

/** The bytes of a row; `null` for an entry that removes its key. */
export function toBlob(row: BlobRow): Blob | null {
  const { blob_id: id, store, digest, size_bytes: sizeBytes, name } = row;
  if (id === null || store === null || digest === null || sizeBytes === null || name === null) return null;
  return { id, store, digest, sizeBytes, name };
}

/** The entries of rows, without those that remove their key. */
export function toStoredEntries(rows: readonly EntryRow[]): (StoredEntry & { id: number })[] {
  return rows.flatMap((row) => {
    const blob = toBlob(row);
    if (!blob) return [];
    const { id, cache, key, dag_run_id: runId, task_id: taskId, map_index: mapIndex } = row;
    const producer = { runId, taskId, mapIndex };
    const { digest, sizeBytes } = blob;
    const { saved_at: savedAt, expires_at: expiresAt } = row;
    return [{ id, cache, key, digest, sizeBytes, blob, producer, savedAt, expiresAt }];
  });
}

/** The key that a row of an attempt saves or removes. */
export function toSavedEntry(
  row: BlobRow &
    EntryPlaceRow & { readonly key: string; readonly attempt_id: string; readonly ttl_ms: number | null },
): SavedEntry {
  const { team, cache, scope_id: scopeId, key, attempt_id: attemptId, ttl_ms: ttlMs } = row;
  return { attemptId, place: { team, cache, scopeId }, key, blob: toBlob(row), ttlMs };
}

interface EntryPlaceRow {
  readonly team: string;
  readonly cache: string;
  readonly scope_id: string;
}

/** The condition that a row of `cache_entry` is of a place. */
export function isAt({
  team,
  cache,
  scopeId,
}: EntryPlace): (where: ExpressionBuilder<Schema, "cache_entry">) => Expression<SqlBool> {
  return (where) =>
    where.and([
      where("cache_entry.team", "=", team),
      where("cache_entry.cache", "=", cache),
      where("cache_entry.scope_id", "=", scopeId),
    ]);
}

/** The condition that a limit counts a row of `cache_entry`. */
export function isLimited({
  cache,
  team,
  otherTeams,
}: EntryLimit): (where: ExpressionBuilder<Schema, "cache_entry">) => Expression<SqlBool> {
  return (where) =>
    where.and([
      where("cache_entry.cache", "=", cache),
      where("cache_entry.is_pending", "=", VISIBLE),
      ...(team === null ? [] : [where("cache_entry.team", "=", team)]),
      ...(otherTeams.length === 0 ? [] : [where("cache_entry.team", "not in", otherTeams)]),
    ]);
}

/** The condition that a row of `cache_entry` has not expired. */
export function isLive(
  now: RawBuilder<number>,
): (where: ExpressionBuilder<Schema, "cache_entry">) => Expression<SqlBool> {
  return (where) =>
    where.or([where("cache_entry.expires_at", "is", null), where("cache_entry.expires_at", ">", now)]);
}

/** The condition that an attempt sees a row, or that everyone does. */
export function isSeenBy(
  attemptId: string | undefined,
): (where: ExpressionBuilder<Schema, "cache_entry">) => Expression<SqlBool> {
  return (where) =>
    where.or([
      where("cache_entry.is_pending", "=", VISIBLE),
      ...(attemptId === undefined ? [] : [isPendingOf(where, [attemptId])]),
    ]);
}

/** The condition that a row of `cache_entry` is seen by one of these attempts alone. */
export function isPendingOf(
  where: ExpressionBuilder<Schema, "cache_entry">,
  attemptIds: readonly string[],
): Expression<SqlBool> {
  return where.and([
    where("cache_entry.is_pending", "=", PENDING),
    where("cache_entry.attempt_id", "in", attemptIds),
  ]);
}

/**
 * The condition that the result of the attempt which saved a row of `cache_entry` may yet be stored: the attempt is in
 * progress, or its result is staged. Such a row stays, whatever becomes of its key: the record of the result has from it
 * what a hit restores, and needs the bytes.
 */
export function mayBeRecorded(where: ExpressionBuilder<Schema, "cache_entry">): Expression<SqlBool> {
  const isOfLiveAttempt = where.exists(
    where
      .selectFrom("task_instance")
      .select("task_instance.dag_run_id")
      .whereRef("task_instance.dag_run_id", "=", "cache_entry.dag_run_id")
      .whereRef("task_instance.task_id", "=", "cache_entry.task_id")
      .whereRef("task_instance.map_index", "=", "cache_entry.map_index")
      .whereRef("task_instance.attempt_id", "=", "cache_entry.attempt_id"),
  );
  return where.or([isOfLiveAttempt, isStaged(where)]);
}

/** The condition that an instance saved a row of `cache_entry` whose result waits for the end of a transaction. */
export function isStaged(where: ExpressionBuilder<Schema, "cache_entry">): Expression<SqlBool> {
  return where.exists(
    where
      .selectFrom("staged_member")
      .select("staged_member.dag_run_id")
      .whereRef("staged_member.dag_run_id", "=", "cache_entry.dag_run_id")
      .whereRef("staged_member.task_id", "=", "cache_entry.task_id")
      .whereRef("staged_member.map_index", "=", "cache_entry.map_index"),
  );
}

/**
 * The condition that a row of a run goes with the instance that saved it. What others can see in a cache that runs
 * share stays until it is replaced, as it would if the task had never been cached.
 */
export function leavesWithRun(runId: number): RawBuilder<SqlBool> {
  return sql<SqlBool>`(cache_entry.scope_id = ${String(runId)} or cache_entry.is_pending = ${sql.lit(PENDING)})`;
}

/** The condition that a key starts with a prefix, which is empty or ends with a slash. */
export function startsWith(prefix: string): RawBuilder<SqlBool> {
  if (prefix === "") return sql<SqlBool>`1 = 1`;
  // Keys are compared by their bytes, and "0" follows "/".
  const end = `${prefix.slice(0, -1)}0`;
  return sql<SqlBool>`(cache_entry.key >= ${prefix} and cache_entry.key < ${end})`;
}

/** The condition that a key which starts with a prefix is in no group below it. */
export function isDirectlyBelow(prefix: string): RawBuilder<SqlBool> {
  // Databases count characters, JavaScript counts UTF-16 units.
  const length = Array.from(prefix).length;
  return sql<SqlBool>`(substr(cache_entry.key, ${sql.lit(length + 1)}) not like '%/%')`;
}

/** The condition that a selection includes a key. */
export function isSelected(selection: EntrySelection): RawBuilder<SqlBool> {
  if (selection.kind === "key") return sql<SqlBool>`(cache_entry.key = ${selection.key})`;
  const { prefix, isDeep } = selection;
  if (isDeep) return startsWith(prefix);
  return sql<SqlBool>`(${startsWith(prefix)} and ${isDirectlyBelow(prefix)})`;
}
