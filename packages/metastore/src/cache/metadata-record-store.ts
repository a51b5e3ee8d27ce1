// Cache records in the metadata database. Ages are by its clock.

import { setImmediate as nextTurn } from "node:timers/promises";
import type { Digest } from "@memodag/core";
import type {
  CacheRecord,
  NewCacheRecord,
  PutMode,
  PutOutcome,
  RecordFilter,
  RecordPage,
  RecordStore,
  StoreCallOptions,
  TaskRecordStats,
} from "@memodag/result-cache";
import { sql } from "kysely";
import type { Dialect, HitCount } from "../dialect.ts";
import { RECORD_COLUMNS, toCacheRecord } from "./cache-record-row.ts";
import { putRecord } from "./put-record.ts";
import { recordCondition } from "./record-filter.ts";

/** Rows that one statement of a purge deletes at most: some 20 ms during which others wait. */
const PURGE_BATCH = 1_000;

/** The record store of the metadata database. */
export class MetadataRecordStore implements RecordStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async find(
    team: string,
    keys: readonly Digest[],
    options: StoreCallOptions = {},
  ): Promise<Map<Digest, CacheRecord>> {
    return await this.#dialect.findRecords(team, keys, options);
  }

  async put(record: NewCacheRecord, mode: PutMode): Promise<PutOutcome> {
    return await this.#dialect.transaction(() => putRecord(this.#dialect, record, mode));
  }

  async countHits(team: string, hits: readonly HitCount[]): Promise<void> {
    await this.#dialect.countHits(team, hits);
  }

  async list(filter: RecordFilter, page: RecordPage): Promise<CacheRecord[]> {
    const { kysely, now } = this.#dialect;
    const rows = await kysely
      .selectFrom("cache_record")
      .select(RECORD_COLUMNS)
      .select(sql<number>`${now} - created_at`.as("age_ms"))
      .where(recordCondition(filter, now))
      .orderBy("created_at", "desc")
      .orderBy("key", "desc")
      .limit(page.limit)
      .offset(page.offset)
      .execute();
    return rows.map(toCacheRecord);
  }

  async stats(filter: RecordFilter): Promise<TaskRecordStats[]> {
    const { kysely, now } = this.#dialect;
    const rows = await kysely
      .selectFrom("cache_record")
      .select(["team", "dag_id", "task_id"])
      .select((select) => [
        select.fn.countAll<number>().as("entries"),
        select.fn.sum<number>("size_bytes").as("size_bytes"),
      ])
      .where(recordCondition(filter, now))
      .groupBy(["team", "dag_id", "task_id"])
      .orderBy("team")
      .orderBy("dag_id")
      .orderBy("task_id")
      .execute();
    return rows.map((row) => ({
      team: row.team,
      dagId: row.dag_id,
      taskId: row.task_id,
      entries: row.entries,
      sizeBytes: row.size_bytes,
    }));
  }

  async count(filter: RecordFilter): Promise<number> {
    const { kysely, now } = this.#dialect;
    const { entries } = await kysely
      .selectFrom("cache_record")
      .select((select) => select.fn.countAll<number>().as("entries"))
      .where(recordCondition(filter, now))
      .executeTakeFirstOrThrow();
    return entries;
  }

  /** In batches, each a transaction of its own: a purge that is cut short has purged some of it. */
  async purge(filter: RecordFilter): Promise<number> {
    let purged = 0;
    for (;;) {
      const batch = await this.#purgeBatch(filter);
      purged += batch;
      // An empty batch may mean that somebody else deleted the same rows first.
      if (batch === 0 && (await this.count(filter)) === 0) return purged;
      await nextTurn();
    }
  }

  async #purgeBatch(filter: RecordFilter): Promise<number> {
    const { kysely, now } = this.#dialect;
    const { numDeletedRows } = await kysely
      .deleteFrom("cache_record")
      .where((where) =>
        where(
          where.refTuple("team", "key"),
          "in",
          where
            .selectFrom("cache_record")
            .select(["team", "key"])
            .where(recordCondition(filter, now))
            .orderBy("team")
            .orderBy("key")
            .limit(PURGE_BATCH)
            .$asTuple("team", "key"),
        ),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}
