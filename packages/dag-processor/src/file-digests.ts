// Digests of files, each read once per pass however many Dag files it is part of.

import { digestInput } from "@memodag/artifact";
import { readFile, realpath, sha256, stat, type Digest } from "@memodag/core";

/** The content digests of files during one pass. */
export class FileDigests {
  readonly #known = new Map<string, Promise<Digest | null>>();
  readonly #inputs = new Map<string, Digest | null>();
  readonly #places = new Map<string, Promise<string | null>>();

  /** Returns the digest of the file at an absolute path, or `null` if it does not exist. */
  of(path: string): Promise<Digest | null> {
    const known = this.#known.get(path);
    if (known) return known;
    const digest = readRegularFile(path).then((bytes) => bytes && sha256(bytes));
    this.#known.set(path, digest);
    return digest;
  }

  /**
   * Returns the digest of an absolute path that was read while a Dag file was loaded; see `digestInput`.
   */
  ofInput(path: string): Digest | null {
    let digest = this.#inputs.get(path);
    if (digest === undefined) this.#inputs.set(path, (digest = digestInput(path)));
    return digest;
  }

  /** Returns where an absolute path leads, with links resolved, or `null`. */
  placeOf(path: string): Promise<string | null> {
    const known = this.#places.get(path);
    if (known) return known;
    const place = realpath(path).catch(() => null);
    this.#places.set(path, place);
    return place;
  }
}

/**
 * Reads a file; `null` if it does not exist. A FIFO, a socket or a device is never opened, because that
 * could block indefinitely or have side effects.
 */
export async function readRegularFile(path: string): Promise<Buffer | null> {
  try {
    return (await stat(path)).isFile() ? await readFile(path) : null;
  } catch {
    return null;
  }
}
