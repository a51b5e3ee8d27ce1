// Digests of files by their path, remembered for as long as the system says that a file is the same.

import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from "node:fs";
import { createHash } from "node:crypto";
import type { Digest } from "@memodag/core";

/** A file that was written this shortly before it was read may be written again without a trace in its times. */
const RACY_NS = 2_000_000_000n;

/** Times that a file is read which is being written to. */
const READS = 3;

/** Files that are remembered; past it, all are forgotten and read again. */
const MOST_REMEMBERED = 500_000;

const CHUNK_BYTES = 1024 * 1024;

interface RememberedFile {
  readonly stats: BigIntStats;
  readonly digest: Digest;
  /** True when a change may have left no trace: the file is read again. */
  readonly isRacy: boolean;
}

/** True when the system says that a file is the same: size, modification, change of its inode, and the inode. */
export function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs &&
    a.size === b.size &&
    a.ino === b.ino &&
    a.dev === b.dev
  );
}

/** Remembers digests. Everything is synchronous: it is meant for a thread of its own. */
export class DigestMemory {
  readonly #files = new Map<string, RememberedFile>();
  readonly #now: () => number;
  #chunk: Buffer | undefined;

  /** @param now milliseconds since the Unix epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True when the file would be read by {@link digestOf}. */
  wouldRead(path: string, stats: BigIntStats): boolean {
    const known = this.#files.get(path);
    return !known || known.isRacy || !isSameFile(known.stats, stats);
  }

  /**
   * The digest of a regular file, of which `stats` has just been taken.
   * @throws the system's error when it cannot be read, Error when it does not keep still.
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
    // Without O_NONBLOCK, a pipe that took the file's place would hold up the thread for ever.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      for (let attempt = 0; attempt < READS; attempt += 1) {
        const before = fstatSync(descriptor, { bigint: true });
        if (!before.isFile()) throw new Error("it is no regular file any more");
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
