// Digests of files, each read at most once per pass however many Dag files it is part of.

import { constants } from "node:fs";
import { digestInput } from "@memodag/artifact/input-digest";
import { close, fstat, open, readFile, realpath, sha256, stat, type Digest } from "@memodag/core";
import type { FileFacts, FileMemory } from "./file-memory.ts";

/** How the SDK is imported, in any form. */
const IMPORTS_SDK = /\b(?:from|import|require)\s*\(?\s*["'](?:memodag|@memodag\/sdk)["']/;

/** The content digests of files during one pass. */
export class FileDigests {
  readonly #memory: FileMemory | undefined;
  readonly #known = new Map<string, Promise<FileFacts | null>>();
  readonly #inputs = new Map<string, Digest | null>();
  readonly #places = new Map<string, Promise<string | null>>();

  /** Without a memory, each file is read. */
  constructor(memory?: FileMemory) {
    this.#memory = memory;
  }

  /** Returns the digest of the file at an absolute path, or `null` if it does not exist. */
  async of(path: string): Promise<Digest | null> {
    return (await this.#factsOf(path))?.digest ?? null;
  }

  /** False also for a file that does not exist. */
  async importsSdk(path: string): Promise<boolean> {
    return (await this.#factsOf(path))?.importsSdk ?? false;
  }

  #factsOf(path: string): Promise<FileFacts | null> {
    const known = this.#known.get(path);
    if (known) return known;
    const facts = this.#findFacts(path);
    this.#known.set(path, facts);
    return facts;
  }

  async #findFacts(path: string): Promise<FileFacts | null> {
    try {
      const stats = await stat(path, { bigint: true });
      if (!stats.isFile()) return null;
      return this.#memory?.find(path, stats) ?? (await this.#readFacts(path));
    } catch {
      return null;
    }
  }

  /** Status and content are those of one file, even if the path, such as a link, leads to another one meanwhile. */
  async #readFacts(path: string): Promise<FileFacts> {
    // Without O_NONBLOCK, a FIFO that replaced the file would block a thread.
    const descriptor = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await fstat(descriptor, { bigint: true });
      // Before it is read: until it is hashed, much time may pass.
      const isSettled = this.#memory?.isSettled(stats);
      const bytes = await readFile(descriptor);
      const facts = { digest: sha256(bytes), importsSdk: IMPORTS_SDK.test(bytes.toString("latin1")) };
      if (isSettled) this.#memory?.remember(path, stats, facts);
      return facts;
    } finally {
      await close(descriptor);
    }
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
