// Collecting records of a store that can only look at each of them: memory, files.

import type { Clock, Digest } from "@memodag/core";
import { isExpired } from "../record-matching.ts";
import type { CacheRecord } from "../record-store.ts";
import type { Amount, CollectableRecord, RecordRetention, ScannedRecord } from "../retention-ports.ts";

/** A record as such a store keeps it. */
export type KeptRecord = Omit<CacheRecord, "ageMs">;

/** A store that can be looked through. */
export interface VisitableRecords {
  /** All records, some at a time. */
  visit(): AsyncIterable<readonly KeptRecord[]>;
  /** All that name bytes which are kept with those of these records. Default: the same. */
  visitNaming?(): AsyncIterable<readonly KeptRecord[]>;
  /** Removes the record under a key if `isDoomed` holds for it at that moment. */
  tryRemove(team: string, key: Digest, isDoomed: (record: KeptRecord) => boolean): Promise<boolean>;
}

/**
 * Retention of such a store, for one collection or verification. Every list looks at all records. Leases
 * are kept elsewhere and are not known here: a leased key may lose its record, and its holder stores anew.
 */
export class VisitingRecordRetention implements RecordRetention {
  readonly #records: VisitableRecords;
  readonly #clock: Clock;
  #named: Promise<ReadonlySet<string>> | undefined;

  constructor(records: VisitableRecords, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  async listExpired(limit: number): Promise<CollectableRecord[]> {
    const expired: CollectableRecord[] = [];
    const now = this.#clock.now();
    for await (const records of this.#records.visit()) {
      for (const record of records) if (isExpired(record, now)) expired.push(toCollectable(record, now));
      if (expired.length >= limit) break;
    }
    return expired.slice(0, limit);
  }

  async listLeastUsed(limit: number, offset: number): Promise<CollectableRecord[]> {
    const live: CollectableRecord[] = [];
    const now = this.#clock.now();
    for await (const records of this.#records.visit()) {
      for (const record of records) if (!isExpired(record, now)) live.push(toCollectable(record, now));
    }
    return live.sort((a, b) => a.usedAt - b.usedAt).slice(offset, offset + limit);
  }

  async amount(which: "all" | "expired"): Promise<Amount> {
    let [count, sizeBytes] = [0, 0];
    const now = this.#clock.now();
    for await (const records of this.#records.visit()) {
      for (const record of records) {
        if (which === "expired" && !isExpired(record, now)) continue;
        count += 1;
        sizeBytes += sizeOf(record);
      }
    }
    return { count, sizeBytes };
  }

  async deleteUnused(records: readonly CollectableRecord[]): Promise<Amount> {
    let [count, sizeBytes] = [0, 0];
    for (const { team, key, usedAt, sizeBytes: size } of records) {
      const isUnused = (record: KeptRecord) => usedAtOf(record) === usedAt;
      if (!(await this.#records.tryRemove(team, key, isUnused))) continue;
      count += 1;
      sizeBytes += size;
    }
    return { count, sizeBytes };
  }

  /** As of the first call: what is named later was written later, and is too young to be collected. */
  async findNamed(team: string, digests: readonly Digest[]): Promise<Set<Digest>> {
    this.#named ??= this.#listNamed();
    const named = await this.#named;
    return new Set(digests.filter((digest) => named.has(nameOf(team, digest))));
  }

  async *scan(limit: number): AsyncGenerator<readonly ScannedRecord[]> {
    for await (const records of this.#records.visit()) {
      for (let from = 0; from < records.length; from += limit) {
        yield records
          .slice(from, from + limit)
          .map(({ signature, sourceHash, producer, durationMs, seal, ...record }) => {
            const { team, key, createdAt, dagId, taskId, xcoms, error, entries, validForMs } = record;
            const signed = { error, producer, durationMs, sourceHash };
            return {
              team,
              key,
              createdAt,
              dagId,
              taskId,
              xcoms,
              isFailure: error !== null,
              ...(entries && { entries }),
              ...(validForMs !== undefined && { validForMs }),
              ...(seal !== undefined && { seal }),
              ...(signature !== undefined && { signed: { ...signed, signature } }),
            };
          });
      }
    }
  }

  async #listNamed(): Promise<ReadonlySet<string>> {
    const named = new Set<string>();
    for await (const records of this.#records.visitNaming?.() ?? this.#records.visit()) {
      for (const { team, xcoms } of records) for (const { digest } of xcoms) named.add(nameOf(team, digest));
    }
    return named;
  }
}

function usedAtOf({ lastHitAt, createdAt }: KeptRecord): number {
  return lastHitAt ?? createdAt;
}

function sizeOf({ xcoms }: KeptRecord): number {
  return xcoms.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function toCollectable(record: KeptRecord, now: number): CollectableRecord {
  const { team, key, dagId, taskId, createdAt } = record;
  return {
    team,
    key,
    dagId,
    taskId,
    sizeBytes: sizeOf(record),
    usedAt: usedAtOf(record),
    ageMs: now - createdAt,
  };
}

function nameOf(team: string, digest: Digest): string {
  return JSON.stringify([team, digest]);
}
