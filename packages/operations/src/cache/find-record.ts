// Finds the cache entry of a key or a key prefix.

import { MemodagError, readJson, type JsonValue } from "@memodag/core";
import type { AllRecords, CacheRecord, ListedRecord, RecordFilter } from "@memodag/result-cache";
import type { Stores } from "../context.ts";

const MOST_SHOWN = 10;

/**
 * The entry whose key is, or begins with, the given digits.
 * @throws MemodagError `cache_key_not_found`; `cache_key_ambiguous`, listing the matching keys.
 */
export async function getRecord(
  records: Pick<AllRecords, "list">,
  keyOrPrefix: string,
  team: string | undefined,
  inScope: Pick<RecordFilter, "scope"> = {},
): Promise<ListedRecord> {
  const filter = { ...inScope, keyPrefix: keyOrPrefix, ...(team !== undefined && { team }) };
  const [record, ...others] = await records.list(filter, { limit: MOST_SHOWN, offset: 0 });
  if (record === undefined) {
    throw new MemodagError(
      "cache_key_not_found",
      `No cache entry has a key that begins with ${keyOrPrefix}: \`memodag cache ls\` lists the entries`,
      { fields: { key: keyOrPrefix } },
    );
  }
  // Of a task that has moved to another store, the newest is shown.
  if (others.some(({ key, team: owner }) => key !== record.key || owner !== record.team)) {
    const keys = [record, ...others].map(({ key, dagId, taskId }) => `${key} (${dagId}.${taskId})`);
    throw new MemodagError(
      "cache_key_ambiguous",
      `Several keys begin with ${keyOrPrefix}: give more digits of one of ${keys.join(", ")}`,
      { fields: { key: keyOrPrefix, keys } },
    );
  }
  return record;
}

/** The values of an entry by XCom key; omits those whose bytes are missing, which can never hit. */
export async function readRecordValues(
  { results, values }: Pick<Stores, "results" | "values">,
  { team, xcoms }: CacheRecord,
): Promise<Record<string, JsonValue>> {
  const placed = xcoms.flatMap(({ digest, store }) => (store === undefined ? [] : [{ digest, store }]));
  const others = xcoms.filter(({ store }) => store === undefined).map(({ digest }) => digest);
  const bytes = new Map([
    ...(placed.length > 0 ? await values.read(team, placed) : []),
    ...(others.length > 0 ? await results.read(team, others) : []),
  ]);
  return Object.fromEntries(
    xcoms.flatMap(({ key, digest }) => {
      const value = bytes.get(digest);
      return value === undefined ? [] : [[key, readJson(value)]];
    }),
  );
}
