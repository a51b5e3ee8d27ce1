// Cache records in the metadata database. Ages are by its clock.

import type { Digest } from "@memodag/core";
import type {
  CacheRecord,
  FoundRecord,
  LeaseToken,
  NewCacheRecord,
  PutMode,
  PutOutcome,
  RecordFilter,
  RecordPage,
  RecordPosition,
  RecordPut,
  RecordRetention,
  RecordSort,
  RecordStore,
  Removal,
  RemovalCause,
  StoreCallOptions,
  TaskRecordStats,
} from "@memodag/result-cache";
import { DEFAULT_SCOPE } from "@memodag/result-cache";
import { sql, type RawBuilder } from "kysely";
import type { Dialect, HitCount } from "../dialect.ts";
import { DIFFERING_COLUMNS, RECORD_COLUMNS, toListedRecord } from "../rows/cache-record-row.ts";
import { storedKey } from "../rows/stored-key.ts";
import { findInScopes } from "./find-in-scopes.ts";
import { MetadataRecordRetention } from "./metadata-record-retention.ts";
import { purgeRecords } from "./purge-records.ts";
import { putRecord } from "./put-record.ts";
import { RecordRemovals } from "./record-removals.ts";
import { recordCondition } from "./record-filter.ts";

/** The sort expressions of listings; spelled as in the indexes, which have the key as well. */
const SORTED_BY = {
  age: sql<number>`created_at`,
  size: sql<number>`size_bytes`,
  hits: sql<number>`hit_count`,
  saved: sql<number>`(hit_count * duration_ms)`,
} as const satisfies Record<RecordSort, RawBuilder<number>>;

/** Compares as rows, which is what the indexes are in the order of. */
function isBeyond(
  sorted: RawBuilder<number>,
  ascending: boolean,
  { value, key }: RecordPosition,
): RawBuilder<boolean> {
  return ascending
    ? sql<boolean>`(${sorted}, key) > (${value}, ${key})`
    : sql<boolean>`(${sorted}, key) < (${value}, ${key})`;
}

/** Thrown inside a transaction, so that nothing of it stays. */
class LeaseLost extends Error {}

/** The records of one scope in the metadata database. */
export class MetadataRecordStore implements RecordStore {
  readonly #dialect: Dialect;
  readonly #scope: string;

  constructor(dialect: Dialect, scope: string = DEFAULT_SCOPE) {
    this.#dialect = dialect;
    this.#scope = scope;
  }

  async find(
    team: string,
    keys: readonly Digest[],
    options: StoreCallOptions = {},
  ): Promise<Map<Digest, FoundRecord>> {
    const found = await findInScopes(this.#dialect, team, [this.#scope], keys, options);
    return found.get(this.#scope) ?? new Map();
  }

  async put(record: NewCacheRecord, mode: PutMode, lease?: LeaseToken): Promise<PutOutcome> {
    return await this.#dialect.transaction(() =>
      putRecord(this.#dialect, this.#scope, record, mode, this.#tokenOf(lease)),
    );
  }

  /** In the order of their keys, so that two transactions that store the same ones wait for each other in one order. */
  async putAll(puts: readonly RecordPut[]): Promise<PutOutcome[]> {
    const ordered = puts
      .map((put, index) => ({ put, index }))
      .toSorted((a, b) => (a.put.record.key < b.put.record.key ? -1 : 1));
    const dialect = this.#dialect;
    const scope = this.#scope;
    const tokenOf = (lease: LeaseToken | undefined) => this.#tokenOf(lease);
    try {
      return await dialect.transaction(function* () {
        const outcomes: PutOutcome[] = [];
        for (const { put, index } of ordered) {
          const outcome = yield* putRecord(dialect, scope, put.record, put.mode, tokenOf(put.lease));
          if (outcome.kind === "lease_lost") throw new LeaseLost();
          outcomes[index] = outcome;
        }
        return outcomes;
      });
    } catch (error) {
      if (error instanceof LeaseLost) return puts.map(() => ({ kind: "lease_lost" }));
      throw error;
    }
  }

  #stored({ value, key }: RecordPosition): RecordPosition {
    return { value, key: storedKey(this.#scope, key) };
  }

  /** A lease of another database was renewed just before. */
  #tokenOf(lease: LeaseToken | undefined): number | null {
    return lease?.database === this.#dialect.kysely ? lease.token : null;
  }

  async touch(team: string, hits: readonly HitCount[]): Promise<void> {
    const rows = hits.map(({ key, count }) => ({ key: storedKey(this.#scope, key), count }));
    await this.#dialect.countHits(team, rows);
  }

  async list(filter: RecordFilter, page: RecordPage): Promise<CacheRecord[]> {
    const { kysely, now } = this.#dialect;
    const direction = page.ascending === true ? "asc" : "desc";
    const { sort = "age", after } = page;
    const { team, ...rest } = filter;
    // By age there is an index for each team; else all are read in order until there are enough of the team.
    const isBroad = team !== undefined && rest.dagId === undefined && sort !== "age";
    const rows = await kysely
      .selectFrom("cache_record")
      .select([...RECORD_COLUMNS, ...DIFFERING_COLUMNS])
      .select(sql<number>`${now} - created_at`.as("age_ms"))
      .where(recordCondition(this.#scope, isBroad ? rest : filter, now))
      .$if(isBroad, (query) => query.where((where) => this.#dialect.broad(where("team", "=", team ?? ""))))
      .$if(after !== undefined, (query) =>
        query.where(
          isBeyond(SORTED_BY[sort], page.ascending === true, this.#stored(after ?? { value: 0, key: "" })),
        ),
      )
      .orderBy(SORTED_BY[sort], direction)
      .orderBy("key", direction)
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
      .where(recordCondition(this.#scope, filter, now))
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
      .where(recordCondition(this.#scope, filter, now))
      .executeTakeFirstOrThrow();
    return entries;
  }

  /** In batches, each a transaction of its own: a purge that is cut short has purged some of it. */
  async purge(filter: RecordFilter, cause: RemovalCause = "purged"): Promise<number> {
    return await purgeRecords(this.#dialect, this.#scope, filter, cause);
  }

  async findRemovals(team: string, keys: readonly Digest[]): Promise<Map<Digest, Removal>> {
    return await new RecordRemovals(this.#dialect).find(team, this.#scope, keys);
  }

  async retention(): Promise<RecordRetention> {
    return new MetadataRecordRetention(this.#dialect, this.#scope);
  }
}
