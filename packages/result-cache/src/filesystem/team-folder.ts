// A team's folder in a store, whose files appear and vanish whole, with any number of processes at work.

import { randomUUID } from "node:crypto";
import { link, lstat, mkdir, open, readFile, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OWN_FILE_MODE, OWN_FOLDER_MODE, type Clock, type Digest } from "@memodag/core";
import { FileLock, modifiedAt } from "./file-lock.ts";
import { isMissing, isPresent } from "./folder-failure.ts";
import { requireDigest } from "./safe-names.ts";

/** Where files are while they are written. Within the team's folder, so that renaming stays on one disk. */
const INCOMING = "incoming";

/** A file that has been on its way for so many milliseconds belongs to a process that was killed. */
const ABANDONED_MS = 60 * 60 * 1000;

const SHARD = /^[0-9a-f]{2}$/;

/** The content of a new file, or what writes it. */
type FileContent = Uint8Array | AsyncIterable<Uint8Array> | ((file: FileHandle) => Promise<void>);

/**
 * Files named by digest, in folders by its first two digits.
 *
 * Each file's bytes are synced before it gets its name, so that after a power failure a file is whole
 * or absent. Folders are not synced: a file whose name was lost is a miss, no more.
 */
export class TeamFolder {
  readonly #folder: string;
  readonly #incoming: string;
  readonly #clock: Clock;
  #swept: Promise<void> | undefined;

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#incoming = join(folder, INCOMING);
    this.#clock = clock;
  }

  /** @throws MemodagError `cache_backend_failed` when `digest` is none */
  pathOf(digest: Digest, suffix = ""): string {
    const name = requireDigest(digest);
    return join(this.#folder, name.slice(0, 2), name + suffix);
  }

  /** Puts a file in its place, and over another that is there: readers see the one or the other. */
  async replace(path: string, content: FileContent): Promise<void> {
    const staged = await this.#stage(content);
    try {
      await inFolder(dirname(path), () => rename(staged, path));
    } catch (error) {
      await rm(staged, { force: true });
      throw error;
    }
  }

  /** Puts a file in its place unless there is one; false when there is. It appears whole. */
  async tryCreate(path: string, content: Uint8Array): Promise<boolean> {
    const staged = await this.#stage(content);
    try {
      await inFolder(dirname(path), () => link(staged, path));
      return true;
    } catch (error) {
      if (isPresent(error)) return false;
      throw error;
    } finally {
      await rm(staged, { force: true });
    }
  }

  /** Where another process may put the bytes of a name, for {@link adopt}. */
  incomingPathOf(digest: Digest): string {
    return join(this.#incoming, `${requireDigest(digest)}.granted`);
  }

  async makeIncoming(): Promise<void> {
    await this.#sweepOnce();
    await mkdir(this.#incoming, { recursive: true, mode: OWN_FOLDER_MODE });
  }

  /** Puts a file that another process wrote in its place if `check` accepts it, and removes it otherwise. */
  async adopt(from: string, path: string, check: () => Promise<void>): Promise<void> {
    try {
      // Not through a link, which could lead anywhere.
      if (!(await lstat(from)).isFile()) throw new Error(`${from} is not a file`);
      // The disk is waited for while the bytes are read.
      await Promise.all([check(), sync(from)]);
      await inFolder(dirname(path), () => rename(from, path));
    } catch (error) {
      await rm(from, { force: true });
      throw error;
    }
  }

  /** Does `work` while no other holder of the lock of that digest, here or in another process, does any. */
  async withLock<T>(digest: Digest, work: () => Promise<T>): Promise<T> {
    const lock = new FileLock(join(this.#incoming, `${requireDigest(digest)}.lock`), this.#clock);
    await inFolder(this.#incoming, () => lock.acquire());
    try {
      return await work();
    } finally {
      await lock.release();
    }
  }

  /** Paths of all files with that suffix whose name starts with `prefix`, folder by folder. */
  async *list(suffix: string, prefix = ""): AsyncGenerator<string[]> {
    for (const shard of await listNames(this.#folder)) {
      if (!SHARD.test(shard) || !shard.startsWith(prefix.slice(0, 2))) continue;
      const folder = join(this.#folder, shard);
      const names = await listNames(folder);
      yield names
        .filter((name) => name.startsWith(prefix) && name.endsWith(suffix))
        .map((name) => join(folder, name));
    }
  }

  async #stage(content: FileContent): Promise<string> {
    await this.#sweepOnce();
    const path = join(this.#incoming, randomUUID());
    const file = await inFolder(this.#incoming, () => open(path, "wx", OWN_FILE_MODE));
    try {
      if (typeof content === "function") await content(file);
      else await file.writeFile(content);
      await file.sync();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return path;
  }

  async #sweepOnce(): Promise<void> {
    this.#swept ??= this.#sweep();
    try {
      await this.#swept;
    } catch (error) {
      this.#swept = undefined;
      throw error;
    }
  }

  /** Removes what killed processes left behind: once a process, before its first write. */
  async #sweep(): Promise<void> {
    for (const name of await listNames(this.#incoming)) {
      const path = join(this.#incoming, name);
      const at = await modifiedAt(path);
      if (at !== undefined && this.#clock.now() - at > ABANDONED_MS) await rm(path, { force: true });
    }
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The names in a folder; none when there is no such folder. */
export async function listNames(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The bytes of a file; `undefined` when there is none. */
export async function readIfPresent(path: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path, signal ? { signal } : {});
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Returns the result of `work`, which needs a folder: if it does not exist, which is rare, it is created. */
async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isMissing(error)) throw error;
    await mkdir(folder, { recursive: true, mode: OWN_FOLDER_MODE });
    return await work();
  }
}
