// One holder at a time for a short piece of work, among processes that share a folder.

import { open, rm, stat } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import type { Clock } from "@memodag/core";
import { isMissing, isPresent } from "./folder-failure.ts";

/** Milliseconds after which a holder is taken for dead: what it does takes one or two. */
const DEAD_AFTER_MS = 10_000;

/** Milliseconds between two looks at a lock that another holds. */
const PAUSE_MS = 2;

/**
 * A lock that is held by whoever made its file. A holder that was killed blocks others until it is
 * taken for dead. One that was only asleep for so long may then work beside another: what is done under
 * the lock must leave whole files even so.
 */
export class FileLock {
  readonly #path: string;
  readonly #clock: Clock;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Rejects with `ENOENT` when the folder of the lock is not there. */
  async acquire(): Promise<void> {
    while (!(await this.#tryAcquire())) {
      const since = await modifiedAt(this.#path);
      if (since === undefined) continue;
      if (this.#clock.now() - since > DEAD_AFTER_MS) await this.release();
      else await pause(PAUSE_MS);
    }
  }

  async release(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async #tryAcquire(): Promise<boolean> {
    try {
      const file = await open(this.#path, "wx");
      await file.close();
      return true;
    } catch (error) {
      if (isPresent(error)) return false;
      throw error;
    }
  }
}

/** When a file was last written, in milliseconds since the Unix epoch; `undefined` when there is none. */
export async function modifiedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
