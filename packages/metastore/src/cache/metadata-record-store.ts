// Cache records in the metadata database. Ages are by its clock.

import type { Digest } from "@memodag/core";
import type {
  CacheRecord,
  NewCacheRecord,
  PutMode,
  PutOutcome,
  RecordFilter,
  RecordPage,
  RecordRetention,
  RecordStore,
  StoreCallOptions,
  TaskRecordStats,
} from "@memodag/result-cache";
import { inPacedBatches } from "@memodag/result-cache";
import { sql } from "kysely";
import type { Dialect, HitCount } from "../dialect.ts";
import { DIFFERING_COLUMNS, RECORD_COLUMNS, toListedRecord } from "./cache-record-row.ts";
import { MetadataRecordRetention } from "./metadata-record-retention.ts";
import { putRecord } from "./put-record.ts";
import { recordCondition } from "./record-filter.ts";

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
      .select([...RECORD_COLUMNS, ...DIFFERING_COLUMNS])
      .select(sql<number>`${now} - created_at`.as("age_ms"))
      .where(recordCondition(filter, now))
      .orderBy("created_at", "desc")
      .orderBy("key", "desc")
      .limit(page.limit)
      .offset(page.offset)
      .execute();
    return rows.map(toListedRecord);
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
    await inPacedBatches(async (limit) => {
      const batch = await this.#purgeBatch(filter, limit);
      purged += batch;
      // A batch that is not full may mean that somebody else deleted the same rows first.
      return batch === limit || (await this.count(filter)) > 0;
    });
    return purged;
  }

  async retention(): Promise<RecordRetention> {
    return new MetadataRecordRetention(this.#dialect);
  }

  async #purgeBatch(filter: RecordFilter, limit: number): Promise<number> {
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
            .limit(limit)
            .$asTuple("team", "key"),
        ),
      )
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}
