// Keeps the artifacts of attempts as files, each fetched once.

import { existsSync } from "node:fs";
import { materializeArtifact } from "@memodag/artifact/materialize-artifact";
import { MemodagError, messageOf, type Artifact, type ArtifactSource, type Digest } from "@memodag/core";

/**
 * Number of consecutive workers that may find an artifact's file missing or damaged before an attempt
 * fails.
 */
const MOST_LOSSES = 5;

/** Fetches artifacts by digest and keeps them as files in a folder. */
export class ArtifactFiles {
  readonly #dir: string;
  readonly #source: ArtifactSource;
  readonly #paths = new Map<Digest, Promise<string>>();
  readonly #losses = new Map<Digest, number>();

  constructor(dir: string, source: ArtifactSource) {
    this.#dir = dir;
    this.#source = source;
  }

  /** Returns the path of the artifact's existing file. Rejects with errors of fetching or writing it. */
  async path(digest: Digest): Promise<string> {
    const known = this.#paths.get(digest);
    if (known && existsSync(await known)) return await known;
    // If several attempts find it missing at once, the first writes it.
    const latest = this.#paths.get(digest);
    return await (latest === known ? this.#begin(digest) : (latest ?? this.#begin(digest)));
  }

  #begin(digest: Digest): Promise<string> {
    const path = this.#materialize(digest);
    this.#paths.set(digest, path);
    // A failed attempt may succeed the next time.
    path.catch(() => this.forget(digest));
    return path;
  }

  /** Checks the file again, and rewrites it if needed, the next time it is requested. */
  forget(digest: Digest): void {
    this.#paths.delete(digest);
  }

  /**
   * Reports that a worker found the file missing or damaged and has run nothing, so that the attempt
   * should be repeated. Returns false if this happened to several workers in a row, so that repeating it
   * would not help.
   */
  lost(digest: Digest): boolean {
    this.forget(digest);
    const losses = (this.#losses.get(digest) ?? 0) + 1;
    this.#losses.set(digest, losses);
    return losses < MOST_LOSSES;
  }

  /** Reports that a worker found the file intact. */
  held(digest: Digest): void {
    this.#losses.delete(digest);
  }

  async #materialize(digest: Digest): Promise<string> {
    return materializeArtifact(this.#dir, await this.#fetch(digest));
  }

  async #fetch(digest: Digest): Promise<Artifact> {
    try {
      return await this.#source.getArtifact(digest);
    } catch (error) {
      if (error instanceof MemodagError) throw error;
      // The store is unavailable, which is not the task's fault: no try is used up.
      throw new MemodagError(
        "attempt_lost",
        `The artifact ${digest} could not be read (${messageOf(error)}): the attempt is repeated`,
        { cause: error, fields: { digest } },
      );
    }
  }
}
