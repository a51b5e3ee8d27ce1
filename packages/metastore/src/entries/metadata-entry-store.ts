// Entries of job caches in the metadata database: names, and which bytes in which store they stand for.

import {
  chunksOf,
  compareEntryKeys,
  type Blob,
  type BlobNames,
  type CheckedBlob,
  type CollectedEntries,
  type CollectOptions,
  type Digest,
  type EntryLimit,
  type EntryListing,
  type EntryPattern,
  type EntryPlace,
  type EntryRef,
  type EntrySelection,
  type EntryStore,
  type EntryWrites,
  type LooseBlob,
  type NewEntry,
  type RunEntryPage,
  type RestoredEntry,
  type SaveOutcome,
  type StoredEntry,
  type TaskInstanceId,
} from "@memodag/core";
import { sql } from "kysely";
import type { Dialect } from "../dialect.ts";
import { amountToCollect, collectEntries } from "./collect-entries.ts";
import {
  BLOB_COLUMNS,
  ENTRY_COLUMNS,
  isAt,
  isDirectlyBelow,
  isLive,
  isSeenBy,
  isSelected,
  startsWith,
  toBlob,
  toStoredEntries,
  VISIBLE,
} from "./entry-rows.ts";
import { displace } from "./displace.ts";
import { evictEntries, listExcess } from "./evict-entries.ts";
import { endUpload } from "./end-upload.ts";
import { findForKeys } from "./find-for-keys.ts";
import { findBlobNames, forgetBlob, listBlobs } from "./verify-blobs.ts";
import { saveEntry } from "./save-entry.ts";
import { restoreEntries } from "./write-entries.ts";

/** Milliseconds after which an upload that never ended is deleted. */
const ABANDONED_MS = 24 * 3_600_000;

const DIGESTS_A_STATEMENT = 500;

/** Milliseconds in which further reads of an entry are not recorded. */
const TOUCHED_MS = 60_000;

/** The entry store of the metadata database. */
export class MetadataEntryStore implements EntryStore {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  async findBlobs(team: string, digests: readonly Digest[], store?: string): Promise<Map<Digest, Blob>> {
    const found = new Map<Digest, Blob>();
    for (const some of chunksOf([...new Set(digests)], DIGESTS_A_STATEMENT)) {
      const rows = await this.#dialect.kysely
        .selectFrom("blob")
        .select([...BLOB_COLUMNS])
        .where("team", "=", team)
        .where("digest", "in", some)
        .orderBy("id")
        .execute();
      for (const row of rows) {
        const blob = toBlob(row);
        if (blob && (blob.store === store || !found.has(blob.digest))) found.set(blob.digest, blob);
      }
    }
    return found;
  }

  async beginUpload({ team, store, name }: LooseBlob): Promise<void> {
    const { kysely, now } = this.#dialect;
    const delete_after = sql<number>`${now} + ${sql.lit(ABANDONED_MS)}`;
    await kysely.insertInto("loose_blob").values({ team, store, name, delete_after }).execute();
  }

  async endUpload(
    upload: LooseBlob,
    content: { readonly digest: Digest; readonly sizeBytes: number },
    gone?: string,
  ): Promise<Blob> {
    return await this.#dialect.transaction(() => endUpload(this.#dialect, upload, content, gone));
  }

  async save(entry: NewEntry): Promise<SaveOutcome> {
    try {
      return await this.#dialect.transaction(() => saveEntry(this.#dialect, entry));
    } catch (error) {
      // A collection may have removed the bytes in between, which violates the reference.
      if (entry.blobId !== null && !(await this.#hasBlob(entry.blobId))) return "blob_missing";
      throw error;
    }
  }

  async find(place: EntryPlace, key: string, attemptId?: string): Promise<StoredEntry | undefined> {
    const rows = await this.#visible(place, attemptId).where("cache_entry.key", "=", key).execute();
    // Its own comes first, and may be a removal.
    return toStoredEntries(rows.slice(0, 1))[0];
  }

  async list(place: EntryPlace, listing: EntryListing, attemptId?: string): Promise<StoredEntry[]> {
    const { prefix, isDeep, after, limit } = listing;
    const found: StoredEntry[] = [];
    let from = after;
    for (;;) {
      const rows = await this.#visible(place, attemptId)
        .where(startsWith(prefix))
        .$if(!isDeep, (query) => query.where(isDirectlyBelow(prefix)))
        .$if(from !== undefined, (query) => query.where("cache_entry.key", ">", from ?? ""))
        .limit(limit)
        .execute();
      const own = rows.filter((row, index) => row.key !== rows[index - 1]?.key);
      for (const entry of toStoredEntries(own)) if (found.length < limit) found.push(entry);
      const last = rows.at(-1);
      if (rows.length < limit || found.length >= limit || !last) return found;
      from = last.key;
    }
  }

  async listGroups(place: EntryPlace, prefix: string, attemptId?: string): Promise<string[]> {
    const { kysely, now } = this.#dialect;
    const rows = await kysely
      .selectFrom("cache_entry")
      .select(["key", "blob_id"])
      .where(isAt(place))
      .where(isLive(now))
      .where(isSeenBy(attemptId))
      .where(startsWith(prefix))
      .where(sql<boolean>`not ${isDirectlyBelow(prefix)}`)
      // The attempt's own last, which may be a removal.
      .orderBy("is_pending")
      .execute();
    const blobs = new Map(rows.map(({ key, blob_id }) => [key, blob_id]));
    const names = new Set<string>();
    for (const [key, blobId] of blobs) {
      const [first] = key.slice(prefix.length).split("/");
      if (first !== undefined && blobId !== null) names.add(first);
    }
    return [...names].sort(compareEntryKeys);
  }

  async findForKeys(
    wanted: readonly (EntryPattern & { readonly place: EntryPlace })[],
    pending: EntryWrites,
    runId: number,
  ): Promise<EntryRef[][]> {
    return await findForKeys(this.#dialect, wanted, pending, runId);
  }

  async listOfRun(
    team: string,
    runId: number,
    { limit, after = 0 }: RunEntryPage,
  ): Promise<(StoredEntry & { readonly id: number })[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("cache_entry")
      .innerJoin("blob", "blob.id", "cache_entry.blob_id")
      .select([...ENTRY_COLUMNS, ...BLOB_COLUMNS])
      .where("cache_entry.team", "=", team)
      .where("cache_entry.dag_run_id", "=", runId)
      .where("cache_entry.is_pending", "=", VISIBLE)
      .where("cache_entry.id", ">", after)
      .orderBy("cache_entry.id")
      .limit(limit)
      .execute();
    return toStoredEntries(rows);
  }

  async restore(
    instance: TaskInstanceId & { readonly runId: number },
    entries: readonly RestoredEntry[],
  ): Promise<void> {
    const dialect = this.#dialect;
    await dialect.transaction(function* () {
      yield* dialect.lockPlaces(entries.map(({ place }) => place));
      yield* restoreEntries(dialect, instance, entries);
    });
  }

  async remove(
    place: EntryPlace,
    { key, prefix }: { readonly key?: string; readonly prefix?: string },
  ): Promise<number> {
    const dialect = this.#dialect;
    return await dialect.transaction(function* () {
      yield* dialect.lockPlaces([place]);
      return yield* displace(dialect, "", (where) =>
        where.and([
          isAt(place)(where),
          ...(key === undefined ? [] : [where("cache_entry.key", "=", key)]),
          ...(prefix === undefined ? [] : [startsWith(prefix)]),
        ]),
      );
    });
  }

  async listPlaces(team: string, cache: string): Promise<EntryPlace[]> {
    const rows = await this.#dialect.kysely
      .selectFrom("cache_entry")
      .select("scope_id")
      .distinct()
      .where("team", "=", team)
      .where("cache", "=", cache)
      .orderBy("scope_id")
      .execute();
    return rows.map(({ scope_id: scopeId }) => ({ team, cache, scopeId }));
  }

  async sumCache(
    team: string,
    cache: string,
    prefix: string = "",
  ): Promise<{ entries: number; sizeBytes: number }> {
    const { kysely, now } = this.#dialect;
    const found = await kysely
      .selectFrom("cache_entry")
      .innerJoin("blob", "blob.id", "cache_entry.blob_id")
      .select((select) => [
        select.fn.countAll<number>().as("entries"),
        sql<number>`coalesce(sum(blob.size_bytes), 0)`.as("size_bytes"),
      ])
      .where("cache_entry.team", "=", team)
      .where("cache_entry.cache", "=", cache)
      .where("cache_entry.is_pending", "=", VISIBLE)
      .where(isLive(now))
      .where(startsWith(prefix))
      .executeTakeFirstOrThrow();
    return { entries: Number(found.entries), sizeBytes: Number(found.size_bytes) };
  }

  async touch(place: EntryPlace, selection: EntrySelection): Promise<void> {
    const { kysely, now } = this.#dialect;
    const isStale = sql<boolean>`coalesce(used_at, saved_at) < ${now} - ${sql.lit(TOUCHED_MS)}`;
    const stale = kysely
      .selectFrom("cache_entry")
      .select("id")
      .where(isAt(place))
      .where("is_pending", "=", VISIBLE)
      .where(isSelected(selection))
      .where(isStale);
    await kysely
      .updateTable("cache_entry")
      .set({ used_at: now })
      // An entry that is being replaced is not read any more.
      .where("id", "in", this.#dialect.lockingRows(stale, "skip"))
      .execute();
  }

  async evict(limit: EntryLimit, most: number): Promise<{ entries: number; sizeBytes: number }> {
    return await evictEntries(this.#dialect, limit, most);
  }

  async excess(limit: EntryLimit): Promise<{ entries: number; sizeBytes: number }> {
    const excess = await listExcess(this.#dialect, limit);
    return {
      entries: excess.length,
      sizeBytes: excess.reduce((sum, { size_bytes: sizeBytes }) => sum + sizeBytes, 0),
    };
  }

  async listBlobs(after: number, limit: number): Promise<CheckedBlob[]> {
    return await listBlobs(this.#dialect, after, limit);
  }

  async findBlobNames(blob: CheckedBlob, limit: number): Promise<BlobNames> {
    return await findBlobNames(this.#dialect, blob, limit);
  }

  async forgetBlob(blob: CheckedBlob, isDamaged: boolean): Promise<boolean> {
    return await forgetBlob(this.#dialect, blob, isDamaged ? "integrity_failed" : "result_missing");
  }

  async collect(options: CollectOptions): Promise<CollectedEntries> {
    return await collectEntries(this.#dialect, options);
  }

  async amount(options: Omit<CollectOptions, "limit">): Promise<{ entries: number; sizeBytes: number }> {
    return await amountToCollect(this.#dialect, options);
  }

  async findNames(team: string, names: readonly string[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (const some of chunksOf(names, DIGESTS_A_STATEMENT)) {
      for (const table of ["blob", "loose_blob"] as const) {
        const rows = await this.#dialect.kysely
          .selectFrom(table)
          .select("name")
          .where("team", "=", team)
          .where("name", "in", some)
          .execute();
        for (const { name } of rows) found.add(name);
      }
    }
    return found;
  }

  async forgetLoose(blobs: readonly LooseBlob[]): Promise<void> {
    for (const { team, store, name } of blobs) {
      await this.#dialect.kysely
        .deleteFrom("loose_blob")
        .where("team", "=", team)
        .where("store", "=", store)
        .where("name", "=", name)
        .execute();
    }
  }

  async #hasBlob(id: number): Promise<boolean> {
    const row = await this.#dialect.kysely
      .selectFrom("blob")
      .select("id")
      .where("id", "=", id)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Entries as an attempt sees them, its own before those of others under the same key. */
  #visible(place: EntryPlace, attemptId: string | undefined) {
    return this.#dialect.kysely
      .selectFrom("cache_entry")
      .leftJoin("blob", "blob.id", "cache_entry.blob_id")
      .select([...ENTRY_COLUMNS, ...BLOB_COLUMNS])
      .where(isAt(place))
      .where(isLive(this.#dialect.now))
      .where(isSeenBy(attemptId))
      .orderBy("cache_entry.key")
      .orderBy("cache_entry.is_pending", "desc");
  }
}
