// Collects what is of no use any more: expired records, records over the quota, bytes that nothing names.

import { chunksOf, type Digest, type RunRetention } from "@memodag/core";
import { DECISION_TTL_MS } from "../decisions/decision-store.ts";
import { findOrphans, inSteps } from "./orphans.ts";
import { inPacedBatches } from "./paced-batches.ts";
import {
  ORPHAN_GRACE_MS,
  type AgedStore,
  type Amount,
  type CollectableRecord,
  type CollectableResults,
  type RecordRetention,
  type StoredResult,
} from "../retention-ports.ts";

/** The stores and limits of a {@link Collector}. A store without retention is not collected. */
export interface CollectorParts {
  readonly records: RecordRetention | undefined;
  /** Every store that holds bytes of records or XComs. */
  readonly results: readonly (CollectableResults | undefined)[];
  /** The rows that are left of removed runs: their XComs name bytes. */
  readonly removedRuns?: Pick<RunRetention, "drain">;
  /** Versions of Dags that newer ones took the place of and no run refers to, and artifacts of none. */
  readonly superseded?: AgedStore;
  /** Explanations of misses; why records were removed is kept with the records. */
  readonly explanations?: AgedStore;
  /** Remembered answers of key functions, by their last use; they are counted with the explanations. */
  readonly keyMemos?: AgedStore;
  /** Entries of job caches, which know their own ages. */
  readonly entries?: AgedStore;
  /** Total bytes that records may refer to; `null`: no limit. */
  readonly maxSizeBytes: number | null;
  /** Milliseconds that versions and artifacts stay after their creation; `null`: without limit. Default: an hour. */
  readonly supersededMs?: number | null;
  /** Milliseconds that explanations stay; `null`: without limit. Default: 30 days. */
  readonly explanationsMs?: number | null;
}

/** The removed entries, or those that would be removed. */
export interface Collection {
  readonly expired: Amount;
  /** Over the quota. */
  readonly evicted: Amount;
  /** Bytes that neither a record nor an XCom names. */
  readonly bytes: Amount;
  /** Versions of Dags, and artifacts. */
  readonly superseded: Amount;
  /** Why tasks missed long ago, which records were removed then, and answers of key functions used last then. */
  readonly explanations: Amount;
  /** Entries of job caches, and their bytes. */
  readonly entries: Amount;
}

/** One thing that would go. */
export interface DoomedItem {
  readonly kind: "expired" | "evicted" | "bytes";
  readonly team: string;
  /** Key of a record, digest of bytes. */
  readonly name: Digest;
  readonly dagId: string | null;
  readonly taskId: string | null;
  readonly sizeBytes: number;
  readonly ageMs: number;
}

/** The entries that would be removed, and the names of the first. */
export interface CollectionPlan extends Collection {
  readonly items: readonly DoomedItem[];
}

const NOTHING: Amount = { count: 0, sizeBytes: 0 };

function plus(a: Amount, b: Amount): Amount {
  return { count: a.count + b.count, sizeBytes: a.sizeBytes + b.sizeBytes };
}

/** Collects from one cache. Any number may work at once. Rejects with what a store rejects with. */
export class Collector {
  readonly #parts: CollectorParts & Required<Pick<CollectorParts, "supersededMs" | "explanationsMs">>;

  constructor({
    supersededMs = ORPHAN_GRACE_MS,
    explanationsMs = DECISION_TTL_MS,
    ...parts
  }: CollectorParts) {
    this.#parts = { ...parts, supersededMs, explanationsMs };
  }

  /** Deletes in batches with rests between them, until nothing is left to delete or the signal aborts. */
  async collect(signal?: AbortSignal): Promise<Collection> {
    const { records, results, removedRuns, entries } = this.#parts;
    // Runs and records first: the bytes that only they name can go after them.
    if (removedRuns) await inPacedBatches((limit) => removedRuns.drain(limit), signal);
    const expired = records ? await collectExpired(records, signal) : NOTHING;
    const evicted = records ? await this.#evict(records, signal) : NOTHING;
    let bytes = NOTHING;
    for (const store of results) {
      if (records && store) bytes = plus(bytes, await collectBytes(records, store, signal));
    }
    return {
      expired,
      evicted,
      bytes,
      superseded: await this.#collectSuperseded(signal),
      explanations: await this.#collectExplanations(signal),
      // After records, which name bytes of entries.
      entries: entries ? await collectAged(entries, 0, signal) : NOTHING,
    };
  }

  /** Deletes those of these bytes that nothing refers to and that are old enough. */
  async collectUnnamed(team: string, digests: readonly Digest[]): Promise<Amount> {
    const { records, results } = this.#parts;
    let gone = NOTHING;
    if (!records) return gone;
    for (const some of chunksOf([...new Set(digests)], PAGE)) {
      const named = await records.findNamed(team, some);
      const unnamed = some.filter((digest) => !named.has(digest));
      for (const store of results) {
        if (store) gone = plus(gone, await store.deleteUnnamed(team, unnamed, ORPHAN_GRACE_MS));
      }
    }
    return gone;
  }

  /**
   * Returns what {@link collect} would delete now, and the first `itemLimit` of it. Bytes that are still named by
   * a record that would go are not in it: they go with the same collection if they are old enough.
   */
  async plan(itemLimit: number): Promise<CollectionPlan> {
    const { records, results, superseded, supersededMs, entries } = this.#parts;
    const items: DoomedItem[] = [];
    const add = (more: readonly DoomedItem[]): void => {
      for (const item of more.slice(0, itemLimit - items.length)) items.push(item);
    };
    const expired = records ? await records.amount("expired") : NOTHING;
    if (records) add((await records.listExpired(itemLimit)).map((record) => doomed("expired", record)));
    const evicted = records ? await this.#planEviction(records, expired.sizeBytes, add) : NOTHING;
    let bytes = NOTHING;
    for (const store of results) {
      if (!records || !store) continue;
      for await (const page of store.scan(PAGE)) {
        const orphans = await findOrphans(records, page);
        bytes = plus(bytes, amountOf(orphans));
        add(orphans.map(doomedBytes));
      }
    }
    return {
      expired,
      evicted,
      bytes,
      superseded: superseded && supersededMs !== null ? await superseded.amount(supersededMs) : NOTHING,
      explanations: await this.#planExplanations(),
      entries: entries ? await entries.amount(0) : NOTHING,
      items,
    };
  }

  async #collectSuperseded(signal: AbortSignal | undefined): Promise<Amount> {
    const { superseded, supersededMs } = this.#parts;
    return superseded && supersededMs !== null
      ? await collectAged(superseded, supersededMs, signal)
      : NOTHING;
  }

  async #collectExplanations(signal: AbortSignal | undefined): Promise<Amount> {
    const { explanationsMs } = this.#parts;
    let gone = NOTHING;
    if (explanationsMs === null) return gone;
    for (const store of this.#explanations()) {
      gone = plus(gone, await collectAged(store, explanationsMs, signal));
    }
    return gone;
  }

  async #planExplanations(): Promise<Amount> {
    const { explanationsMs } = this.#parts;
    let planned = NOTHING;
    if (explanationsMs === null) return planned;
    for (const store of this.#explanations()) planned = plus(planned, await store.amount(explanationsMs));
    return planned;
  }

  #explanations(): AgedStore[] {
    const { records, explanations, keyMemos } = this.#parts;
    return [explanations, records?.removals, keyMemos].filter((store) => store !== undefined);
  }

  async #evict(records: RecordRetention, signal: AbortSignal | undefined): Promise<Amount> {
    const excess = await this.#excess(records);
    let gone = NOTHING;
    if (excess <= 0) return gone;
    await inPacedBatches(async (limit) => {
      const oldest = await records.listLeastUsed(limit, 0);
      const batch = asMuchAs(excess - gone.sizeBytes, oldest);
      const deleted = await records.deleteUnused(batch, "evicted");
      gone = plus(gone, deleted);
      return deleted.count > 0 && gone.sizeBytes < excess;
    }, signal);
    return gone;
  }

  async #planEviction(
    records: RecordRetention,
    expiredBytes: number,
    add: (items: readonly DoomedItem[]) => void,
  ): Promise<Amount> {
    const excess = (await this.#excess(records)) - expiredBytes;
    let planned = NOTHING;
    for (let offset = 0; planned.sizeBytes < excess;) {
      const oldest = await records.listLeastUsed(PAGE, offset);
      if (oldest.length === 0) break;
      const batch = asMuchAs(excess - planned.sizeBytes, oldest);
      planned = plus(planned, amountOf(batch));
      add(batch.map((record) => doomed("evicted", record)));
      offset += oldest.length;
    }
    return planned;
  }

  async #excess(records: RecordRetention): Promise<number> {
    const { maxSizeBytes } = this.#parts;
    return maxSizeBytes === null ? 0 : (await records.amount("all")).sizeBytes - maxSizeBytes;
  }
}

/** Rows that are read at a time where nothing depends on how many. */
const PAGE = 500;

async function collectExpired(records: RecordRetention, signal: AbortSignal | undefined): Promise<Amount> {
  let gone = NOTHING;
  await inPacedBatches(async (limit) => {
    const batch = await records.listExpired(limit);
    const deleted = await records.deleteUnused(batch, "expired");
    gone = plus(gone, deleted);
    return batch.length === limit && deleted.count > 0;
  }, signal);
  return gone;
}

async function collectBytes(
  records: RecordRetention,
  results: CollectableResults,
  signal: AbortSignal | undefined,
): Promise<Amount> {
  let gone = NOTHING;
  const pages = results.scan(PAGE)[Symbol.asyncIterator]();
  await inPacedBatches(async () => {
    const page = await pages.next();
    if (page.done) return false;
    const orphans = await findOrphans(records, page.value);
    for (const step of inSteps(orphans)) {
      const digests = step.map(({ digest }) => digest);
      const [first] = step;
      if (!first) continue;
      gone = plus(gone, await results.deleteUnnamed(first.team, digests, ORPHAN_GRACE_MS));
    }
    return true;
  }, signal);
  await pages.return?.();
  return gone;
}

async function collectAged(
  store: AgedStore,
  olderThanMs: number,
  signal: AbortSignal | undefined,
): Promise<Amount> {
  let gone = NOTHING;
  await inPacedBatches(async (limit) => {
    const deleted = await store.deleteBatch(limit, olderThanMs);
    gone = plus(gone, deleted);
    return deleted.count > 0;
  }, signal);
  return gone;
}

/** The first of `records` that have so many bytes together. */
function asMuchAs(bytes: number, records: readonly CollectableRecord[]): CollectableRecord[] {
  let sum = 0;
  return records.filter(({ sizeBytes }) => {
    const isWanted = sum < bytes;
    sum += sizeBytes;
    return isWanted;
  });
}

function amountOf(items: readonly { readonly sizeBytes: number }[]): Amount {
  return { count: items.length, sizeBytes: items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

function doomed(kind: "expired" | "evicted", record: CollectableRecord): DoomedItem {
  const { team, key, dagId, taskId, sizeBytes, ageMs } = record;
  return { kind, team, name: key, dagId, taskId, sizeBytes, ageMs };
}

function doomedBytes({ team, digest, sizeBytes, ageMs }: StoredResult): DoomedItem {
  return { kind: "bytes", team, name: digest, dagId: null, taskId: null, sizeBytes, ageMs };
}
