// Finds the entries that cache keys contain, as they will be when a pass is written.

import {
  MemodagError,
  compareEntryKeys,
  instanceKey,
  readEntryPattern,
  selectsEntry,
  type EntryPattern,
  type EntryPlace,
  type EntryRef,
  type EntryWrites,
} from "@memodag/core";
import type { Dialect } from "../dialect.ts";
import {
  BLOB_COLUMNS,
  ENTRY_COLUMNS,
  isAt,
  isLive,
  isPendingOf,
  isSelected,
  toBlob,
  VISIBLE,
} from "./entry-rows.ts";

/** Entries that a pattern of a cache key may select. */
const MOST_SELECTED = 100_000;

/** See the entry store. */
export async function findForKeys(
  dialect: Dialect,
  wanted: readonly (EntryPattern & { readonly place: EntryPlace })[],
  { publish, restore }: EntryWrites,
  runId: number,
): Promise<EntryRef[][]> {
  const attemptIds = new Set(publish.map(({ attemptId }) => attemptId));
  const instances = new Set([...publish, ...restore].map(instanceKey));
  const selected: EntryRef[][] = [];
  for (const { cache, pattern, place } of wanted) {
    const rows = await dialect.kysely
      .selectFrom("cache_entry")
      .leftJoin("blob", "blob.id", "cache_entry.blob_id")
      .select([...ENTRY_COLUMNS, ...BLOB_COLUMNS, "cache_entry.attempt_id", "cache_entry.is_pending"])
      .where(isAt(place))
      .where(isLive(dialect.now))
      .where((where) =>
        where.or([
          where("is_pending", "=", VISIBLE),
          ...(attemptIds.size > 0 ? [isPendingOf(where, [...attemptIds])] : []),
        ]),
      )
      .where(isSelected(readEntryPattern(pattern)))
      .orderBy("cache_entry.is_pending")
      .limit(MOST_SELECTED + 1)
      .execute();
    if (rows.length > MOST_SELECTED) throw tooMany(pattern);
    const byKey = new Map<string, EntryRef>();
    for (const row of rows) {
      const isOfEarlierTry =
        place.scopeId === String(runId) &&
        row.dag_run_id === runId &&
        instances.has(instanceKey({ taskId: row.task_id, mapIndex: row.map_index })) &&
        !attemptIds.has(row.attempt_id);
      const blob = toBlob(row);
      if (isOfEarlierTry) continue;
      if (!blob) byKey.delete(row.key);
      else byKey.set(row.key, { cache, key: row.key, digest: blob.digest, sizeBytes: blob.sizeBytes });
    }
    const selection = readEntryPattern(pattern);
    for (const { place: at, key, blob } of restore.flatMap(({ entries }) => entries)) {
      if (at.cache !== cache || at.scopeId !== place.scopeId || !selectsEntry(selection, key)) continue;
      if (blob) byKey.set(key, { cache, key, digest: blob.digest, sizeBytes: blob.sizeBytes });
      else byKey.delete(key);
    }
    selected.push([...byKey.values()].sort((a, b) => compareEntryKeys(a.key, b.key)));
  }
  return selected;
}

function tooMany(pattern: string): MemodagError {
  return new MemodagError(
    "too_many_entries",
    `The pattern ${JSON.stringify(pattern)} in cache.reads selects more than ${MOST_SELECTED} entries: ` +
      "name a smaller group",
    { fields: { pattern } },
  );
}
