// The artifacts that attempts run, as files, each fetched once.

import { access } from "node:fs/promises";
import { materializeArtifact } from "@memodag/artifact";
import { MemodagError, messageOf, type Artifact, type Digest } from "@memodag/core";

/** Workers in a row that may find an artifact's file gone or damaged before an attempt fails by it. */
const MOST_LOSSES = 5;

/** Fetches artifacts by digest and keeps them as files in a folder. */
export class ArtifactFiles {
  readonly #dir: string;
  readonly #getArtifact: (digest: Digest) => Promise<Artifact>;
  readonly #paths = new Map<Digest, Promise<string>>();
  readonly #losses = new Map<Digest, number>();

  constructor(dir: string, getArtifact: (digest: Digest) => Promise<Artifact>) {
    this.#dir = dir;
    this.#getArtifact = getArtifact;
  }

  /** The path of the artifact's file, which is there; rejects with whatever fetching or writing it throws. */
  async path(digest: Digest): Promise<string> {
    const known = this.#paths.get(digest);
    if (known && (await isThere(await known))) return await known;
    // Of those that find it gone at once, the first writes it.
    const latest = this.#paths.get(digest);
    return await (latest === known ? this.#begin(digest) : (latest ?? this.#begin(digest)));
  }

  #begin(digest: Digest): Promise<string> {
    const path = this.#materialize(digest);
    this.#paths.set(digest, path);
    // What failed once may work the next time.
    path.catch(() => this.forget(digest));
    return path;
  }

  /** Has the file looked at again, and written anew if need be, when it is next asked for. */
  forget(digest: Digest): void {
    this.#paths.delete(digest);
  }

  /**
   * A worker did not find the file as it was written, and has run nothing: the attempt is to be made again. False
   * when that was so for several workers in a row, where making it once more would not help.
   */
  lost(digest: Digest): boolean {
    this.forget(digest);
    const losses = (this.#losses.get(digest) ?? 0) + 1;
    this.#losses.set(digest, losses);
    return losses < MOST_LOSSES;
  }

  /** A worker found the file as it was written. */
  held(digest: Digest): void {
    this.#losses.delete(digest);
  }

  async #materialize(digest: Digest): Promise<string> {
    return materializeArtifact(this.#dir, await this.#fetch(digest));
  }

  async #fetch(digest: Digest): Promise<Artifact> {
    try {
      return await this.#getArtifact(digest);
    } catch (error) {
      if (error instanceof MemodagError) throw error;
      // The store is away, which says nothing about the task: no try of it is spent.
      throw new MemodagError(
        "attempt_lost",
        `The artifact ${digest} could not be read (${messageOf(error)}): the attempt is made again`,
        { cause: error, fields: { digest } },
      );
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
