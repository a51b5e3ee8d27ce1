// Digests of files, each read once a pass however many Dag files it is part of.

import { readFile } from "node:fs/promises";
import { sha256, type Digest } from "@memodag/core";

/** The content digests of files as they are during one pass. */
export class FileDigests {
  readonly #known = new Map<string, Promise<Digest | null>>();

  /** The digest of the file at an absolute path; `null` when there is no such file. */
  of(path: string): Promise<Digest | null> {
    const known = this.#known.get(path);
    if (known) return known;
    const digest = readFile(path).then(sha256, () => null);
    this.#known.set(path, digest);
    return digest;
  }
}
