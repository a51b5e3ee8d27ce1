// Records in this process's memory: for tests, and for installations of one process.

import { RETURN_VALUE, type Clock, type Digest } from "@memodag/core";
import {
  keepForMs,
  type CacheRecord,
  type NewCacheRecord,
  type PutMode,
  type PutOutcome,
  type RecordFilter,
  type RecordPage,
  type RecordPut,
  type RecordStore,
  type Removal,
  type RemovalCause,
  type TaskRecordStats,
} from "../record-store.ts";
import { isOfRun } from "../record-matching.ts";
import { pageOf } from "../record-order.ts";
import type { RecordRetention } from "../retention-ports.ts";
import { VisitingRecordRetention } from "../retention/visiting-record-retention.ts";

type Row = Omit<CacheRecord, "ageMs">;

/** A record store that is gone with its process. Time is the given clock's. */
export class MemoryRecordStore implements RecordStore {
  readonly #clock: Clock;
  readonly #teams = new Map<string, Map<Digest, Row>>();
  readonly #removals = new Map<string, Map<Digest, Removal>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async find(team: string, keys: readonly Digest[]): Promise<Map<Digest, CacheRecord>> {
    const rows = this.#teams.get(team);
    const found = new Map<Digest, CacheRecord>();
    for (const key of keys) {
      const row = rows?.get(key);
      if (row) found.set(key, this.#withAge(row));
    }
    return found;
  }

  async put(record: NewCacheRecord, mode: PutMode): Promise<PutOutcome> {
    return this.#put(record, mode);
  }

  /** Nothing else runs in between. */
  async putAll(puts: readonly RecordPut[]): Promise<PutOutcome[]> {
    return puts.map(({ record, mode }) => this.#put(record, mode));
  }

  #put(record: NewCacheRecord, mode: PutMode): PutOutcome {
    const { ttlMs: _, ...fields } = record;
    const keepMs = keepForMs(record);
    const now = this.#clock.now();
    const rows = this.#rowsOf(record.team);
    const present = rows.get(record.key);
    const isLive = present?.error === null && (present.expiresAt === null || present.expiresAt > now);
    if (isLive && mode === "keep-live") {
      const resultDigest = returnDigest(present);
      const digest = returnDigest(record);
      if (record.error === null && digest !== resultDigest) {
        const count = (present.differing?.count ?? 0) + 1;
        const differing = { count, digest, runId: record.producer.runId, at: now };
        rows.set(record.key, { ...present, differing });
      }
      return { kind: "kept", resultDigest };
    }
    rows.set(record.key, {
      ...fields,
      createdAt: now,
      expiresAt: keepMs === null ? null : now + keepMs,
      lastHitAt: null,
      hitCount: 0,
    });
    return { kind: "stored" };
  }

  async touch(
    team: string,
    hits: readonly { readonly key: Digest; readonly count: number }[],
  ): Promise<void> {
    const rows = this.#rowsOf(team);
    for (const { key, count } of hits) {
      const row = rows.get(key);
      if (row) rows.set(key, { ...row, hitCount: row.hitCount + count, lastHitAt: this.#clock.now() });
    }
  }

  async list(filter: RecordFilter, page: RecordPage): Promise<CacheRecord[]> {
    return pageOf(this.#matching(filter), page).map((row) => this.#withAge(row));
  }

  async stats(filter: RecordFilter): Promise<TaskRecordStats[]> {
    const byTask = new Map<string, TaskRecordStats>();
    for (const { team, dagId, taskId, xcoms } of this.#matching(filter)) {
      const name = JSON.stringify([team, dagId, taskId]);
      const sums = byTask.get(name) ?? { team, dagId, taskId, entries: 0, sizeBytes: 0 };
      const sizeBytes = xcoms.reduce((sum, xcom) => sum + xcom.sizeBytes, sums.sizeBytes);
      byTask.set(name, { ...sums, entries: sums.entries + 1, sizeBytes });
    }
    return [...byTask.values()];
  }

  async count(filter: RecordFilter): Promise<number> {
    return this.#matching(filter).length;
  }

  async purge(filter: RecordFilter, cause: RemovalCause = "purged"): Promise<number> {
    const doomed = this.#matching(filter);
    const removal = { cause, removedAt: this.#clock.now() };
    for (const { team, key } of doomed) {
      this.#teams.get(team)?.delete(key);
      const removals = this.#removals.get(team) ?? new Map<Digest, Removal>();
      this.#removals.set(team, removals.set(key, removal));
    }
    return doomed.length;
  }

  async findRemovals(team: string, keys: readonly Digest[]): Promise<Map<Digest, Removal>> {
    const removals = this.#removals.get(team);
    return new Map(
      keys.flatMap((key) => {
        const removal = removals?.get(key);
        return removal ? [[key, removal] as const] : [];
      }),
    );
  }

  async retention(): Promise<RecordRetention> {
    const teams = this.#teams;
    const records = {
      async *visit() {
        for (const rows of teams.values()) yield [...rows.values()];
      },
      tryRemove: async (team: string, key: Digest, isDoomed: (record: Row) => boolean) => {
        const row = teams.get(team)?.get(key);
        return row !== undefined && isDoomed(row) && teams.get(team)?.delete(key) === true;
      },
    };
    return new VisitingRecordRetention(records, this.#clock);
  }

  #rowsOf(team: string): Map<Digest, Row> {
    const rows = this.#teams.get(team) ?? new Map<Digest, Row>();
    this.#teams.set(team, rows);
    return rows;
  }

  #matching(filter: RecordFilter): Row[] {
    const now = this.#clock.now();
    const teams = filter.team === undefined ? [...this.#teams.keys()] : [filter.team];
    const rows = teams.flatMap((team) => [...(this.#teams.get(team)?.values() ?? [])]);
    return rows.filter(
      (row) =>
        matches(filter.dagId, row.dagId) &&
        matches(filter.taskId, row.taskId) &&
        matches(filter.key, row.key) &&
        matches(filter.sourceHash, row.sourceHash) &&
        isOfRun(row, filter.run) &&
        matches(filter.createdAt, row.createdAt) &&
        row.key.startsWith(filter.keyPrefix ?? "") &&
        (filter.olderThanMs === undefined || now - row.createdAt > filter.olderThanMs) &&
        (filter.expired === undefined || filter.expired === (row.expiresAt !== null && row.expiresAt <= now)),
    );
  }

  #withAge(row: Row): CacheRecord {
    return { ...row, ageMs: this.#clock.now() - row.createdAt };
  }
}

function matches<T>(wanted: T | undefined, actual: T): boolean {
  return wanted === undefined || wanted === actual;
}

function returnDigest(row: Pick<Row, "xcoms">): Digest {
  return row.xcoms.find((xcom) => xcom.key === RETURN_VALUE)?.digest ?? "";
}
