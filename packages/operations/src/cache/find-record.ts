// From a key or its first digits to the entry of the cache that it names.

import { MemodagError, readJson, type JsonValue } from "@memodag/core";
import type { CacheRecord, RecordStore, ResultStore } from "@memodag/result-cache";

const MOST_SHOWN = 10;

/**
 * The entry with a key, or with a key that begins so.
 * @throws MemodagError `cache_key_not_found`; `cache_key_ambiguous`, listing those that begin so.
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
      `No entry of the cache has a key that begins with ${keyOrPrefix}: \`memodag cache ls\` lists them`,
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

/** The values of an entry by XCom key; without those whose bytes are gone, which never hit. */
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
