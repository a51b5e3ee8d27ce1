// One team's records as files. The one place that decides when a file gives way to another.

import { rm } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Clock, Digest } from "@memodag/core";
import type { NewCacheRecord, PutMode, PutOutcome, RecordFilter } from "../record-store.ts";
import { decodeRecordFile, encodeRecordFile, type FiledRecord } from "./record-file.ts";
import { decidePut } from "./record-put.ts";
import { isDigest, requireDigest, teamFolderName } from "./safe-names.ts";
import { TeamFolder, readIfPresent } from "./team-folder.ts";

const SUFFIX = ".json";

/**
 * The records in `<parent>/<name>/<2 digits>/<key>.json`. Every change of a file is decided on and made
 * under the lock of its key; reading takes none, as files are replaced whole.
 */
export class RecordFolder {
  readonly #name: string;
  readonly #files: TeamFolder;
  readonly #clock: Clock;

  /** @param name what `teamFolderName` made of the team */
  constructor(parent: string, name: string, clock: Clock) {
    this.#name = name;
    this.#files = new TeamFolder(join(parent, name), clock);
    this.#clock = clock;
  }

  /** The record under a key; `undefined` when there is none or the file holds none. */
  async read(key: Digest, signal?: AbortSignal): Promise<FiledRecord | undefined> {
    const found = await this.#read(key, signal);
    return found === "damaged" ? undefined : found;
  }

  async put(record: NewCacheRecord, mode: PutMode): Promise<PutOutcome> {
    for (const xcom of record.xcoms) requireDigest(xcom.digest);
    const { key } = record;
    return await this.#files.withLock(key, async () => {
      const { outcome, write } = decidePut(await this.read(key), record, mode, this.#clock.now());
      if (write) await this.#write(write);
      return outcome;
    });
  }

  /** Adds to the hits of the record under a key, if there is one. */
  async countHits(key: Digest, count: number): Promise<void> {
    // Most keys have a record; one that has none needs no lock.
    if (!(await this.read(key))) return;
    await this.#files.withLock(key, async () => {
      const record = await this.read(key);
      if (!record) return;
      await this.#write({ ...record, hitCount: record.hitCount + count, lastHitAt: this.#clock.now() });
    });
  }

  /** Removes the record under a key if `isDoomed`; a file that holds none goes in any case, uncounted. */
  async tryRemove(key: Digest, isDoomed: (record: FiledRecord) => boolean): Promise<boolean> {
    const isRemovable = (found: FiledRecord | "damaged" | undefined) =>
      found === "damaged" || (found !== undefined && isDoomed(found));
    if (!isRemovable(await this.#read(key))) return false;
    return await this.#files.withLock(key, async () => {
      const found = await this.#read(key);
      if (!isRemovable(found)) return false;
      await rm(this.#pathOf(key), { force: true });
      return found !== "damaged";
    });
  }

  /** Keys of the files that can hold what a filter means, some at a time. */
  async *keys(filter: RecordFilter): AsyncGenerator<Digest[]> {
    if (filter.key !== undefined) {
      if (isDigest(filter.key)) yield [filter.key];
      return;
    }
    for await (const paths of this.#files.list(SUFFIX, filter.keyPrefix)) {
      yield paths.map((path) => basename(path, SUFFIX)).filter(isDigest);
    }
  }

  async #read(key: Digest, signal?: AbortSignal): Promise<FiledRecord | "damaged" | undefined> {
    const bytes = await readIfPresent(this.#pathOf(key), signal);
    if (!bytes) return undefined;
    const record = decodeRecordFile(bytes);
    // A file that was copied from elsewhere, another team's folder above all, holds no record here.
    return record?.key === key && teamFolderName(record.team) === this.#name ? record : "damaged";
  }

  async #write(record: FiledRecord): Promise<void> {
    await this.#files.replace(this.#pathOf(record.key), encodeRecordFile(record));
  }

  #pathOf(key: Digest): string {
    return this.#files.pathOf(key, SUFFIX);
  }
}
