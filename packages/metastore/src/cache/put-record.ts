// Writes one cache record.

import type { NewCacheRecord, PutMode, PutOutcome } from "@memodag/result-cache";
import { sql, type RawBuilder, type Transaction } from "kysely";
import type { Schema } from "../schema.ts";
import { toCacheRecordRow } from "./cache-record-row.ts";

/**
 * Writes within the caller's transaction; see the record store. A row is expired by the ttl that it
 * was stored with, or by the new one: were the first alone to count, a ttl made shorter would leave a
 * row that nobody hits and nobody replaces.
 */
export async function putRecord(
  db: Transaction<Schema>,
  now: RawBuilder<number>,
  record: NewCacheRecord,
  mode: PutMode,
): Promise<PutOutcome> {
  const { team, key, ttlMs } = record;
  const ttl = ttlMs === null ? null : sql.lit(ttlMs);
  const values = {
    ...toCacheRecordRow(record),
    created_at: now,
    expires_at: ttl && sql<number>`${now} + ${ttl}`,
    last_hit_at: null,
    hit_count: 0,
  };
  const written = await db
    .insertInto("cache_record")
    .values(values)
    .onConflict((conflict) => {
      const update = conflict.columns(["team", "key"]).doUpdateSet(values);
      if (mode === "replace") return update;
      return update.where((where) =>
        where.or([
          where("cache_record.expires_at", "<=", now),
          ...(ttl ? [where("cache_record.created_at", "<=", sql<number>`${now} - ${ttl}`)] : []),
        ]),
      );
    })
    .returning("key")
    .executeTakeFirst();
  if (!written) return { kind: "kept", resultDigest: await resultDigestOf(db, team, key) };
  await writeReferences(db, record);
  return { kind: "stored" };
}

async function resultDigestOf(db: Transaction<Schema>, team: string, key: string): Promise<string> {
  const { result_digest } = await db
    .selectFrom("cache_record")
    .select("result_digest")
    .where("team", "=", team)
    .where("key", "=", key)
    .executeTakeFirstOrThrow();
  return result_digest;
}

async function writeReferences(db: Transaction<Schema>, { team, key, xcoms }: NewCacheRecord): Promise<void> {
  await db.deleteFrom("cache_record_result").where("team", "=", team).where("key", "=", key).execute();
  const digests = [...new Set(xcoms.map((xcom) => xcom.digest))];
  if (digests.length === 0) return;
  await db
    .insertInto("cache_record_result")
    .values(digests.map((digest) => ({ team, key, digest })))
    .execute();
}
