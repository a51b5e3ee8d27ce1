// Values by digest, on the disk of this host: each crosses the network once, however many attempts refer to it.
//
// A value is hashed whenever it is read: a file that was damaged is fetched again, and never an argument of a task.

import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  digestOfBytes,
  messageOf,
  OWN_FILE_MODE,
  OWN_FOLDER_MODE,
  type Digest,
  type Logger,
} from "@memodag/core";

/** Where values are kept. */
export interface ValueFilesOptions {
  readonly dir: string;
  /** Beyond it, the least recently read values go. */
  readonly maxBytes: number;
  readonly log: Logger;
}

const DIGEST = /^[0-9a-f]{64}$/;

/** A cache of values in files. */
export class ValueFiles {
  readonly #options: ValueFilesOptions;
  /** Sizes by digest; what is used last comes last. */
  readonly #sizes = new Map<Digest, number>();
  readonly #underWay = new Map<Digest, Promise<Uint8Array>>();
  #totalBytes = 0;

  private constructor(options: ValueFilesOptions) {
    this.#options = options;
  }

  /** Opens a folder, with what is in it from before. */
  static async open(options: ValueFilesOptions): Promise<ValueFiles> {
    const files = new ValueFiles(options);
    await mkdir(options.dir, { recursive: true, mode: OWN_FOLDER_MODE });
    const found: { name: string; size: number; usedAt: number }[] = [];
    for (const name of await readdir(options.dir)) {
      const path = join(options.dir, name);
      // Files of a host that was killed while it wrote.
      if (!DIGEST.test(name)) await rm(path, { force: true });
      else {
        const { size, mtimeMs: usedAt } = await stat(path);
        found.push({ name, size, usedAt });
      }
    }
    for (const { name, size } of found.sort((a, b) => a.usedAt - b.usedAt)) files.#keep(name, size);
    await files.#makeRoom();
    return files;
  }

  /** Returns a value, fetched by `fetch` if it is not here; several callers at once share one fetch. */
  async read(digest: Digest, fetch: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const underWay = this.#underWay.get(digest);
    if (underWay) return await underWay;
    const reading = this.#readOrFetch(digest, fetch);
    this.#underWay.set(digest, reading);
    try {
      return await reading;
    } finally {
      this.#underWay.delete(digest);
    }
  }

  async #readOrFetch(digest: Digest, fetch: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const kept = await this.#find(digest);
    if (kept) return kept;
    const bytes = await fetch();
    await this.#write(digest, bytes);
    return bytes;
  }

  async #find(digest: Digest): Promise<Uint8Array | undefined> {
    const size = this.#sizes.get(digest);
    if (size === undefined) return undefined;
    const path = this.#pathOf(digest);
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes && (await digestOfBytes(bytes)) === digest) {
      this.#keep(digest, size);
      // Only the order after a restart.
      await utimes(path, new Date(), new Date()).catch(() => undefined);
      return bytes;
    }
    await this.#remove(digest);
    return undefined;
  }

  async #write(digest: Digest, bytes: Uint8Array): Promise<void> {
    const { dir, maxBytes, log } = this.#options;
    if (bytes.length > maxBytes) return;
    const temporary = join(dir, `${digest}.${randomUUID()}`);
    try {
      await writeFile(temporary, bytes, { mode: OWN_FILE_MODE });
      await rename(temporary, this.#pathOf(digest));
      this.#keep(digest, bytes.length);
      await this.#makeRoom();
    } catch (error) {
      // The value is there; only the next attempt fetches it again.
      log.warn("an input could not be kept on this host", { error: messageOf(error) });
      await rm(temporary, { force: true }).catch(() => undefined);
    }
  }

  #keep(digest: Digest, size: number): void {
    this.#totalBytes += size - (this.#sizes.get(digest) ?? 0);
    this.#sizes.delete(digest);
    this.#sizes.set(digest, size);
  }

  async #makeRoom(): Promise<void> {
    for (const digest of this.#sizes.keys()) {
      if (this.#totalBytes <= this.#options.maxBytes) return;
      await this.#remove(digest);
    }
  }

  async #remove(digest: Digest): Promise<void> {
    this.#totalBytes -= this.#sizes.get(digest) ?? 0;
    this.#sizes.delete(digest);
    await rm(this.#pathOf(digest), { force: true });
  }

  #pathOf(digest: Digest): string {
    return join(this.#options.dir, digest);
  }
}
