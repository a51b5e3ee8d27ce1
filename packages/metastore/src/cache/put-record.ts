// Writes one cache record.

import { chunksOf, type Digest } from "@memodag/core";
import { keepForMs, type NewCacheRecord, type PutMode, type PutOutcome } from "@memodag/result-cache";
import { sql, type Kysely } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { Schema } from "../tables/schema.ts";
import { statement, type TransactionScript } from "../transaction-script.ts";
import { toCacheRecordRow } from "../rows/cache-record-row.ts";
import { storedKey } from "../rows/stored-key.ts";

const BLOBS_A_STATEMENT = 500;

/**
 * The script that writes a record and what it refers to; see the record store.
 * @param token of the lease that must be held; `null`: none has to be
 */
export function* putRecord(
  { kysely, now }: Dialect,
  scope: string,
  record: NewCacheRecord,
  mode: PutMode,
  token: number | null = null,
): TransactionScript<PutOutcome> {
  const row = { ...record, key: storedKey(scope, record.key) };
  if (token !== null && !(yield* holdsLease({ kysely, now }, row, token))) return { kind: "lease_lost" };
  const keepMs = keepForMs(record);
  const values = {
    ...toCacheRecordRow(record, scope),
    created_at: now,
    expires_at: keepMs === null ? null : sql<number>`${now} + ${sql.lit(keepMs)}`,
    last_hit_at: null,
    hit_count: 0,
    differing_count: 0,
    differing_digest: null,
    differing_run_id: null,
    differing_at: null,
  };
  // An expired row is replaced whatever the mode: left there, it would always be a miss. So is a
  // remembered failure: it must not keep a result out.
  const written = yield* statement(
    kysely
      .insertInto("cache_record")
      .values(values)
      .onConflict((conflict) => {
        const update = conflict.columns(["team", "key"]).doUpdateSet(values);
        if (mode === "replace") return update;
        return update.where((where) =>
          where.or([
            where("cache_record.expires_at", "<=", now),
            where("cache_record.error_code", "is not", null),
          ]),
        );
      })
      .returning("key"),
  );
  if (written.length > 0) {
    yield* writeReferences(kysely, row);
    yield* writeBlobReferences(kysely, row);
    return { kind: "stored" };
  }
  const [kept] = yield* statement(
    kysely
      .selectFrom("cache_record")
      .select("result_digest")
      .where("team", "=", row.team)
      .where("key", "=", row.key),
  );
  // Gone again by another hand since: what was there cannot be named, and nothing is there to differ from.
  if (!kept) return { kind: "kept", resultDigest: values.result_digest };
  const isDifferent = record.error === null && kept.result_digest !== values.result_digest;
  if (isDifferent) yield* noteDifference({ kysely, now }, row, values);
  return { kind: "kept", resultDigest: kept.result_digest };
}

/** Locks the row of the lease: no one takes it, and it is not revoked, until the record is written. */
function* holdsLease(
  { kysely, now }: Pick<Dialect, "kysely" | "now">,
  { team, key }: NewCacheRecord,
  token: number,
): TransactionScript<boolean> {
  const held = yield* statement(
    kysely
      .updateTable("cache_lease")
      .set({ token })
      .where("team", "=", team)
      .where("key", "=", key)
      .where("token", "=", token)
      .where("expires_at", ">", now)
      .returning("token"),
  );
  return held.length > 0;
}

function* noteDifference(
  { kysely, now }: Pick<Dialect, "kysely" | "now">,
  { team, key, producer }: NewCacheRecord,
  { result_digest }: { readonly result_digest: Digest },
): TransactionScript<void> {
  yield* statement(
    kysely
      .updateTable("cache_record")
      .set((update) => ({
        differing_count: update("differing_count", "+", 1),
        differing_digest: result_digest,
        differing_run_id: producer.runId,
        differing_at: now,
      }))
      .where("team", "=", team)
      .where("key", "=", key),
  );
}

function* writeReferences(
  kysely: Kysely<Schema>,
  { team, key, xcoms }: NewCacheRecord,
): TransactionScript<void> {
  yield* statement(kysely.deleteFrom("cache_record_result").where("team", "=", team).where("key", "=", key));
  const digests = [...new Set(xcoms.map((xcom) => xcom.digest))];
  if (digests.length === 0) return;
  const rows = digests.map((digest) => ({ team, key, digest }));
  yield* statement(kysely.insertInto("cache_record_result").values(rows));
}

/** Fails when the bytes of an entry were collected meanwhile: a hit could not restore them. */
function* writeBlobReferences(
  kysely: Kysely<Schema>,
  { team, key, entries = [] }: NewCacheRecord,
): TransactionScript<void> {
  yield* statement(kysely.deleteFrom("cache_record_blob").where("team", "=", team).where("key", "=", key));
  for (const [store, ofStore] of Map.groupBy(entries, (entry) => entry.store)) {
    if (store === null) continue;
    const digests = new Set(ofStore.flatMap(({ digest }) => digest ?? []));
    for (const some of chunksOf([...digests], BLOBS_A_STATEMENT)) {
      const rows = yield* statement(
        kysely
          .selectFrom("blob")
          .select("id as blob_id")
          .where("team", "=", team)
          .where("store", "=", store)
          .where("digest", "in", some),
      );
      if (rows.length < some.length)
        throw new Error("bytes of an entry were collected before its record was stored");
      yield* statement(
        kysely.insertInto("cache_record_blob").values(rows.map(({ blob_id }) => ({ team, key, blob_id }))),
      );
    }
  }
}
