// Collecting cache records of the metadata database. Every statement is short: SQLite blocks while it runs.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Digest } from "@memodag/core";
import type {
  Amount,
  CollectableRecord,
  RecordRetention,
  RemovalCause,
  ScannedRecord,
} from "@memodag/result-cache";
import { sql, type ExpressionBuilder } from "kysely";
import type { Dialect } from "../dialect.ts";
import type { Schema } from "../tables/schema.ts";
import { readEntries, readError, readProducer, readXComs } from "../rows/cache-record-row.ts";
import { keyOfStored, storedKey } from "../rows/stored-key.ts";
import { RecordRemovals } from "./record-removals.ts";

/** When a record was last of use; spelled as in its index. */
const USED_AT = sql<number>`coalesce(last_hit_at, created_at)`;

/** Index entries that one statement sums up: a millisecond or two. */
const SUM_PAGE = 20_000;

const COLUMNS = ["team", "key", "dag_id", "task_id", "size_bytes"] as const;

/** Retention of the metadata database's records. */
export class MetadataRecordRetention implements RecordRetention {
  readonly removals: RecordRemovals;
  readonly #dialect: Dialect;
  readonly #scope: string;

  constructor(dialect: Dialect, scope: string) {
    this.#dialect = dialect;
    this.#scope = scope;
    this.removals = new RecordRemovals(dialect);
  }

  async listExpired(limit: number): Promise<CollectableRecord[]> {
    const { kysely, now } = this.#dialect;
    const rows = await kysely
      .selectFrom("cache_record")
      .select(COLUMNS)
      .select([USED_AT.as("used_at"), sql<number>`${now} - created_at`.as("age_ms")])
      .where("scope", "=", this.#scope)
      .where("expires_at", "<=", now)
      .where((where) => where.not(this.#isLeased(where)))
      .orderBy("expires_at")
      .limit(limit)
      .execute();
    return rows.map(toCollectable);
  }

  async listLeastUsed(limit: number, offset: number): Promise<CollectableRecord[]> {
    const { kysely, now } = this.#dialect;
    const rows = await kysely
      .selectFrom("cache_record")
      .select(COLUMNS)
      .select([USED_AT.as("used_at"), sql<number>`${now} - created_at`.as("age_ms")])
      .where("scope", "=", this.#scope)
      .where((where) => where.or([where("expires_at", "is", null), where("expires_at", ">", now)]))
      .where((where) => where.not(this.#isLeased(where)))
      .orderBy(USED_AT)
      .limit(limit)
      .offset(offset)
      .execute();
    return rows.map(toCollectable);
  }

  async amount(which: "all" | "expired"): Promise<Amount> {
    return which === "all" ? await this.#sumAll() : await this.#sumExpired();
  }

  async deleteUnused(records: readonly CollectableRecord[], cause: RemovalCause): Promise<Amount> {
    if (records.length === 0) return { count: 0, sizeBytes: 0 };
    const rows = records.map((record) => ({ ...record, key: storedKey(this.#scope, record.key) }));
    return await this.#dialect.deleteRecords(rows, cause);
  }

  async findNamed(team: string, digests: readonly Digest[]): Promise<Set<Digest>> {
    if (digests.length === 0) return new Set();
    const rows = await this.#dialect.kysely
      .selectFrom("cache_record_result")
      .select("digest")
      .distinct()
      .where("team", "=", team)
      .where("digest", "in", digests)
      .execute();
    return new Set(rows.map((row) => row.digest));
  }

  async *scan(limit: number): AsyncGenerator<readonly ScannedRecord[]> {
    const query = this.#dialect.kysely
      .selectFrom("cache_record")
      .select([
        "team",
        "key",
        "created_at",
        "dag_id",
        "task_id",
        "xcoms",
        "error_code",
        "seal",
        "entries",
        "valid_for_ms",
        "signature",
        "error_message",
        "producer_run_id",
        "producer_map_index",
        "producer_try_number",
        "duration_ms",
        "source_hash",
      ])
      .where("scope", "=", this.#scope)
      .orderBy("team")
      .orderBy("key")
      .limit(limit);
    for (let page = query; ;) {
      const rows = await page.execute();
      yield rows.map((row) => ({
        team: row.team,
        key: keyOfStored(row.key),
        createdAt: row.created_at,
        dagId: row.dag_id,
        taskId: row.task_id,
        xcoms: readXComs(row.xcoms),
        isFailure: row.error_code !== null,
        ...(row.seal !== null && { seal: row.seal }),
        ...(row.entries !== null && { entries: readEntries(row.entries) }),
        ...(row.valid_for_ms !== null && { validForMs: row.valid_for_ms }),
        ...(row.signature !== null && {
          signed: {
            signature: row.signature,
            error: readError(row),
            producer: readProducer(row),
            durationMs: row.duration_ms,
            sourceHash: row.source_hash,
          },
        }),
      }));
      const last = rows.at(-1);
      if (!last || rows.length < limit) return;
      page = query.where(sql<boolean>`(team, key) > (${last.team}, ${last.key})`);
    }
  }

  /** In pieces, in the order of use: no call takes long, however many records there are. */
  async #sumAll(): Promise<Amount> {
    const { kysely } = this.#dialect;
    let sum: Amount = { count: 0, sizeBytes: 0 };
    let after = Number.MIN_SAFE_INTEGER;
    for (;;) {
      const last = await kysely
        .selectFrom("cache_record")
        .select(USED_AT.as("used_at"))
        .where("scope", "=", this.#scope)
        .where(USED_AT, ">", after)
        .orderBy(USED_AT)
        .offset(SUM_PAGE - 1)
        .limit(1)
        .executeTakeFirst();
      let query = kysely
        .selectFrom("cache_record")
        .select((select) => [
          select.fn.countAll<number>().as("count"),
          select.fn.sum<number | null>("size_bytes").as("size_bytes"),
        ])
        .where("scope", "=", this.#scope)
        .where(USED_AT, ">", after);
      if (last) query = query.where(USED_AT, "<=", last.used_at);
      const page = await query.executeTakeFirstOrThrow();
      sum = { count: sum.count + page.count, sizeBytes: sum.sizeBytes + (page.size_bytes ?? 0) };
      if (!last) return sum;
      after = last.used_at;
      await nextTurn();
    }
  }

  async #sumExpired(): Promise<Amount> {
    const { kysely, now } = this.#dialect;
    const row = await kysely
      .selectFrom("cache_record")
      .select((select) => [
        select.fn.countAll<number>().as("count"),
        select.fn.sum<number | null>("size_bytes").as("size_bytes"),
      ])
      .where("scope", "=", this.#scope)
      .where("expires_at", "<=", now)
      .where((where) => where.not(this.#isLeased(where)))
      .executeTakeFirstOrThrow();
    return { count: row.count, sizeBytes: row.size_bytes ?? 0 };
  }

  #isLeased(where: ExpressionBuilder<Schema, "cache_record">) {
    return where.exists(
      where
        .selectFrom("cache_lease")
        .select(sql.lit(1).as("one"))
        .whereRef("cache_lease.team", "=", "cache_record.team")
        .whereRef("cache_lease.key", "=", "cache_record.key")
        .where("cache_lease.expires_at", ">", this.#dialect.now),
    );
  }
}

function toCollectable(row: {
  readonly team: string;
  readonly key: string;
  readonly dag_id: string;
  readonly task_id: string;
  readonly size_bytes: number;
  readonly used_at: number;
  readonly age_ms: number;
}): CollectableRecord {
  return {
    team: row.team,
    key: keyOfStored(row.key),
    dagId: row.dag_id,
    taskId: row.task_id,
    sizeBytes: row.size_bytes,
    usedAt: row.used_at,
    ageMs: row.age_ms,
  };
}
