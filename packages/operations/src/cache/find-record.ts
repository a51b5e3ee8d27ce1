// Finds the cache entry of a key or a key prefix.

import { MemodagError, readJson, type JsonValue } from "@memodag/core";
import type { CacheRecord, RecordStore, ResultStore } from "@memodag/result-cache";

const MOST_SHOWN = 10;

/**
 * The entry whose key is, or begins with, the given digits.
 * @throws MemodagError `cache_key_not_found`; `cache_key_ambiguous`, listing the matching keys.
 */
export async function getRecord(
  records: RecordStore,
  keyOrPrefix: string,
  team: string | undefined,
): Promise<CacheRecord> {
  const filter = { keyPrefix: keyOrPrefix, ...(team !== undefined && { team }) };
  const [record, ...others] = await records.list(filter, { limit: MOST_SHOWN, offset: 0 });
  if (record === undefined) {
    throw new MemodagError(
      "cache_key_not_found",
      `No cache entry has a key that begins with ${keyOrPrefix}: \`memodag cache ls\` lists the entries`,
      { fields: { key: keyOrPrefix } },
    );
  }
  if (others.length > 0) {
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
  results: ResultStore,
  record: CacheRecord,
): Promise<Record<string, JsonValue>> {
  const bytes = await results.read(
    record.team,
    record.xcoms.map(({ digest }) => digest),
  );
  return Object.fromEntries(
    record.xcoms.flatMap(({ key, digest }) => {
      const value = bytes.get(digest);
      return value === undefined ? [] : [[key, readJson(value)]];
    }),
  );
}
