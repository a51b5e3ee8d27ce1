// The records of a deployment's stores as one listing: that of the deployment, and those that tasks name.

import { MemodagError, messageOf } from "@memodag/core";
import { isCatalogMissing } from "./record-catalog.ts";
import { TaskSums } from "./record-matching.ts";
import { pageOf } from "./record-order.ts";
import type {
  CacheRecord,
  RecordCatalog,
  RecordFilter,
  RecordPage,
  RecordStore,
  TaskRecordStats,
} from "./record-store.ts";
import type { RemovalCause } from "./removal.ts";

/** A record store. */
export interface NamedRecords {
  /** As tasks name it; `null`: that of the deployment. */
  readonly name: string | null;
  readonly records: RecordStore;
}

/** A record and the name of its store. */
export interface ListedRecord extends CacheRecord {
  /** Absent: the deployment's. */
  readonly storeName?: string;
}

/** A store whose records are left out. */
export interface MissedStore {
  readonly store: string;
  /** A sentence. */
  readonly reason: string;
}

/**
 * Reads and purges several stores. One that keeps no catalog, or cannot be asked, is left out and noted; where that is
 * all of them, its error is thrown. Made anew for each operation.
 */
export class AllRecords implements Pick<RecordCatalog, "stats" | "count" | "purge"> {
  readonly #stores: readonly NamedRecords[];
  readonly #missed = new Map<string | null, MissedStore>();

  /** @param stores at least one */
  constructor(stores: readonly NamedRecords[]) {
    this.#stores = stores;
  }

  /** The stores that were left out so far. */
  get missed(): readonly MissedStore[] {
    return [...this.#missed.values()];
  }

  async list(filter: RecordFilter, page: RecordPage): Promise<ListedRecord[]> {
    const wanted = { ...page, offset: 0, limit: page.offset + page.limit };
    const lists = await this.#each((records) => records.list(filter, wanted));
    const listed = lists.flatMap(([storeName, records]): ListedRecord[] =>
      storeName === null ? records : records.map((record) => ({ ...record, storeName })),
    );
    return lists.length === 1 ? listed.slice(page.offset) : pageOf(listed, page);
  }

  async stats(filter: RecordFilter): Promise<TaskRecordStats[]> {
    const sums = new TaskSums();
    for (const { stats } of await this.statsByStore(filter)) for (const task of stats) sums.addStats(task);
    return sums.list();
  }

  /** The sums of each store. */
  async statsByStore(
    filter: RecordFilter,
  ): Promise<{ readonly store: string | null; readonly stats: readonly TaskRecordStats[] }[]> {
    const all = await this.#each((records) => records.stats(filter));
    return all.map(([store, stats]) => ({ store, stats }));
  }

  async count(filter: RecordFilter): Promise<number> {
    const counts = await this.#each((records) => records.count(filter));
    return counts.reduce((sum, [, count]) => sum + count, 0);
  }

  async purge(filter: RecordFilter, cause?: RemovalCause): Promise<number> {
    const purged = await this.#each((records) => records.purge(filter, cause));
    return purged.reduce((sum, [, count]) => sum + count, 0);
  }

  async #each<T>(ask: (records: RecordStore) => Promise<T>): Promise<(readonly [string | null, T])[]> {
    const asked = this.#stores.filter(({ name }) => !this.#missed.has(name));
    const outcomes = await Promise.allSettled(asked.map(async ({ records }) => ask(records)));
    const answers: (readonly [string | null, T])[] = [];
    let failure: unknown;
    for (const [index, outcome] of outcomes.entries()) {
      const store = asked[index]?.name ?? null;
      if (outcome.status === "fulfilled") {
        answers.push([store, outcome.value]);
        continue;
      }
      failure ??= outcome.reason;
      this.#missed.set(store, { store: store ?? COMMON, reason: reasonOf(outcome.reason) });
    }
    if (answers.length > 0) return answers;
    throw (
      failure ??
      new MemodagError("cache_backend_failed", "No record store can be asked: see the errors above")
    );
  }
}

/** The name of the deployment's store where others are listed with it. */
const COMMON = "of [core] task_cache_backend";

function reasonOf(error: unknown): string {
  if (!isCatalogMissing(error)) return `it cannot be asked (${messageOf(error)})`;
  return "it keeps no catalog: its entries are not listed, counted, purged or verified here, and expire by themselves";
}
