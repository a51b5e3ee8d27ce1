// A cache of file digests by path, valid as long as the system reports that a file is unchanged.

import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from "node:fs";
import { createHash } from "node:crypto";
import type { Digest } from "@memodag/core";

/**
 * A file that was written this recently before it was read may be written again without changing its
 * times.
 */
const RACY_NS = 2_000_000_000n;

/** How often to read a file that is being written to. */
const READS = 3;

/** Maximum number of files. Beyond it, the cache is cleared. */
const MOST_REMEMBERED = 500_000;

const CHUNK_BYTES = 1024 * 1024;

interface RememberedFile {
  readonly stats: BigIntStats;
  readonly digest: Digest;
  /** True if a change may have left no trace: the file is read again. */
  readonly isRacy: boolean;
}

/** True if size, modification time, change time and inode are equal. */
export function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.size === b.size &&
    a.ino === b.ino &&
    a.dev === b.dev
  );
}

/** Caches digests. Synchronous, because it is meant for a separate thread. */
export class DigestMemory {
  readonly #files = new Map<string, RememberedFile>();
  readonly #now: () => number;
  #chunk: Buffer | undefined;

  /** @param now milliseconds since the Unix epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True if {@link digestOf} would read the file. */
  wouldRead(path: string, stats: BigIntStats): boolean {
    const known = this.#files.get(path);
    return !known || known.isRacy || !isSameFile(known.stats, stats);
  }

  /**
   * Returns the digest of a regular file whose current status is `stats`.
   * @throws the system's error if it cannot be read; Error if it keeps changing
   */
  digestOf(path: string, stats: BigIntStats): Digest {
    const known = this.#files.get(path);
    if (known && !known.isRacy && isSameFile(known.stats, stats)) return known.digest;
    const read = this.#read(path);
    if (this.#files.size >= MOST_REMEMBERED) this.#files.clear();
    this.#files.set(path, read);
    return read.digest;
  }

  #read(path: string): RememberedFile {
    // Without O_NONBLOCK, a pipe that replaced the file would block the thread indefinitely.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      for (let attempt = 0; attempt < READS; attempt += 1) {
        const before = fstatSync(descriptor, { bigint: true });
        if (!before.isFile()) throw new Error("it is not a regular file any more");
        const startedAt = BigInt(Math.floor(this.#now())) * 1_000_000n;
        const digest = this.#hash(descriptor);
        if (!isSameFile(before, fstatSync(descriptor, { bigint: true }))) continue;
        const changedNs = before.mtimeNs > before.ctimeNs ? before.mtimeNs : before.ctimeNs;
        return { stats: before, digest, isRacy: changedNs > startedAt - RACY_NS };
      }
      throw new Error("it is being written to");
    } finally {
      closeSync(descriptor);
    }
  }

  #hash(descriptor: number): Digest {
    const hash = createHash("sha256");
    const chunk = (this.#chunk ??= Buffer.allocUnsafe(CHUNK_BYTES));
    for (let position = 0; ;) {
      const length = readSync(descriptor, chunk, 0, chunk.length, position);
      if (length === 0) return hash.digest("hex");
      hash.update(chunk.subarray(0, length));
      position += length;
    }
  }
}
