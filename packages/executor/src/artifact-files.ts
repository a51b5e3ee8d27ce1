// The artifacts that attempts run, as files, each fetched once.

import { materializeArtifact } from "@memodag/artifact";
import { MemodagError, messageOf, type Artifact, type Digest } from "@memodag/core";

/** Fetches artifacts by digest and keeps them as files in a folder. */
export class ArtifactFiles {
  readonly #dir: string;
  readonly #getArtifact: (digest: Digest) => Promise<Artifact>;
  readonly #paths = new Map<Digest, Promise<string>>();

  constructor(dir: string, getArtifact: (digest: Digest) => Promise<Artifact>) {
    this.#dir = dir;
    this.#getArtifact = getArtifact;
  }

  /** The path of the artifact's file; rejects with whatever fetching or writing it throws. */
  path(digest: Digest): Promise<string> {
    const known = this.#paths.get(digest);
    if (known) return known;
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
