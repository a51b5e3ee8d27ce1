// Records as files: for installations that share a disk and no database.

import { join } from "node:path";
import type { Clock, Digest } from "@memodag/core";
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
} from "../record-store.ts";
import { pageOf } from "../record-order.ts";
import type { RecordRetention } from "../retention-ports.ts";
import { VisitingRecordRetention } from "../retention/visiting-record-retention.ts";
import { withFolderFailure } from "./folder-failure.ts";
import { inBatches } from "../in-batches.ts";
import type { FiledRecord } from "./record-file.ts";
import { RecordFolder } from "./record-folder.ts";
import { TaskSums, matchesFilter } from "../record-matching.ts";
import { teamFolderName } from "./safe-names.ts";
import { DEFAULT_SCOPE } from "../scopes.ts";
import { folderOfScope, foldersOfScopes } from "./scope-folders.ts";
import { listNames } from "./team-folder.ts";

const TEAM_FOLDER = /^(?:team|sha256)-/;

function recordsFolder(ofScope: string): string {
  return join(ofScope, "records");
}

async function teamFoldersOf(folder: string): Promise<string[]> {
  return (await listNames(folder)).filter((name) => TEAM_FOLDER.test(name));
}

/**
 * Keeps each record in `records/<team>/<2 digits>/<key>.json` of a folder that any number of processes
 * may share, also on several hosts whose clocks agree. Lookups read the files of their keys alone;
 * `list`, `stats`, `count` and `purge` read every file of the teams in question, unless the filter
 * names a key. A file that holds no record is absent, and removed by the next put or purge that meets
 * it. Rejects with a `MemodagError` `cache_backend_failed` when the folder cannot be used or a key is
 * no digest.
 */
export class FilesystemRecordStore implements RecordStore {
  readonly #root: string;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #teams = new Map<string, RecordFolder>();

  /**
   * @param root made when the first record is put; may be that of a `FilesystemResultStore`
   * @param clock tells ages, and when a half-written file has been abandoned
   * @param scope whose records these are; those of others are in the same folder, with the same results
   */
  constructor(root: string, clock: Clock, scope: string = DEFAULT_SCOPE) {
    this.#root = root;
    this.#folder = recordsFolder(folderOfScope(root, scope));
    this.#clock = clock;
  }

  async find(
    team: string,
    keys: readonly Digest[],
    options: StoreCallOptions = {},
  ): Promise<Map<Digest, CacheRecord>> {
    const { signal } = options;
    const folder = this.#folderOf(team);
    const found = new Map<Digest, CacheRecord>();
    const readInto = async (key: Digest) => {
      const record = await folder.read(key, signal);
      if (record) found.set(key, this.#withAge(record));
    };
    await withFolderFailure(this.#folder, () => inBatches(keys, readInto, signal));
    return found;
  }

  async put(record: NewCacheRecord, mode: PutMode): Promise<PutOutcome> {
    return await withFolderFailure(this.#folder, () => this.#folderOf(record.team).put(record, mode));
  }

  async touch(
    team: string,
    hits: readonly { readonly key: Digest; readonly count: number }[],
  ): Promise<void> {
    const folder = this.#folderOf(team);
    const count = (hit: (typeof hits)[number]) => folder.countHits(hit.key, hit.count);
    await withFolderFailure(this.#folder, () => inBatches(hits, count));
  }

  /** Reads all that match, whatever the page: their order is known only then. */
  async list(filter: RecordFilter, page: RecordPage): Promise<CacheRecord[]> {
    return await withFolderFailure(this.#folder, async () => {
      const records: FiledRecord[] = [];
      await this.#visit(filter, (record) => records.push(record));
      return pageOf(records, page).map((record) => this.#withAge(record));
    });
  }

  async stats(filter: RecordFilter): Promise<TaskRecordStats[]> {
    return await withFolderFailure(this.#folder, async () => {
      const sums = new TaskSums();
      await this.#visit(filter, (record) => sums.add(record));
      return sums.list();
    });
  }

  async count(filter: RecordFilter): Promise<number> {
    return await withFolderFailure(this.#folder, async () => {
      let count = 0;
      await this.#visit(filter, () => {
        count += 1;
      });
      return count;
    });
  }

  async purge(filter: RecordFilter): Promise<number> {
    const now = this.#clock.now();
    const isDoomed = (record: FiledRecord) => matchesFilter(record, filter, now);
    return await withFolderFailure(this.#folder, async () => {
      let count = 0;
      for (const folder of await this.#foldersOf(filter)) {
        for await (const keys of folder.keys(filter)) {
          const removed = await inBatches(keys, (key) => folder.tryRemove(key, isDoomed));
          count += removed.filter(Boolean).length;
        }
      }
      return count;
    });
  }

  async retention(): Promise<RecordRetention> {
    const records = {
      visit: () => this.#visitAll(),
      visitNaming: () => this.#visitScopes(),
      tryRemove: (team: string, key: Digest, isDoomed: (record: FiledRecord) => boolean) =>
        withFolderFailure(this.#folder, () => this.#folderOf(team).tryRemove(key, isDoomed)),
    };
    return new VisitingRecordRetention(records, this.#clock);
  }

  async *#visitAll(): AsyncGenerator<readonly FiledRecord[]> {
    for (const folder of await this.#foldersOf({})) yield* this.#visitFolder(folder);
  }

  async *#visitFolder(folder: RecordFolder): AsyncGenerator<readonly FiledRecord[]> {
    for await (const keys of folder.keys({})) {
      const records = await withFolderFailure(this.#folder, () => inBatches(keys, (key) => folder.read(key)));
      yield records.filter((record) => record !== undefined);
    }
  }

  /** Bytes belong to no scope: each record of any may name them. */
  async *#visitScopes(): AsyncGenerator<readonly FiledRecord[]> {
    for (const folder of await foldersOfScopes(this.#root)) {
      const records = recordsFolder(folder);
      if (records === this.#folder) yield* this.#visitAll();
      else {
        for (const name of await teamFoldersOf(records))
          yield* this.#visitFolder(new RecordFolder(records, name, this.#clock));
      }
    }
  }

  async #visit(filter: RecordFilter, visitor: (record: FiledRecord) => void): Promise<void> {
    const now = this.#clock.now();
    for (const folder of await this.#foldersOf(filter)) {
      for await (const keys of folder.keys(filter)) {
        for (const record of await inBatches(keys, (key) => folder.read(key))) {
          if (record && matchesFilter(record, filter, now)) visitor(record);
        }
      }
    }
  }

  #withAge(record: FiledRecord): CacheRecord {
    return { ...record, ageMs: this.#clock.now() - record.createdAt };
  }

  async #foldersOf(filter: RecordFilter): Promise<RecordFolder[]> {
    if (filter.team !== undefined) return [this.#folderOf(filter.team)];
    return (await teamFoldersOf(this.#folder)).map((name) => this.#folderNamed(name));
  }

  #folderOf(team: string): RecordFolder {
    return this.#folderNamed(teamFolderName(team));
  }

  #folderNamed(name: string): RecordFolder {
    const folder = this.#teams.get(name) ?? new RecordFolder(this.#folder, name, this.#clock);
    this.#teams.set(name, folder);
    return folder;
  }
}
