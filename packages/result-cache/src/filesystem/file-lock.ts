// One holder at a time for a short piece of work, among processes that share a folder.

import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { OWN_FILE_MODE, type Clock } from "@memodag/core";
import { isMissing, isPresent } from "./folder-failure.ts";

/** Milliseconds after which a holder is taken for dead: what it does takes one or two. */
const DEAD_AFTER_MS = 10_000;

/** Milliseconds between two looks at a lock that another holds. */
const PAUSE_MS = 2;

/**
 * Looks at the same holder before its lock is broken, however old it is: where the clock of the file system was
 * set forward, one that has just been taken looks old.
 */
const LOOKS_BEFORE_BREAKING = 20;

/** A lock as a waiter found it. */
interface SeenLock {
  /** Tells its holder from every other. */
  readonly token: string;
  readonly modifiedAt: number;
}

/**
 * A lock that is held by the creator of its file, which contains the holder's token. A holder that was killed
 * blocks others until it is taken for dead. One that was only asleep for so long may then work beside another:
 * work under the lock must leave whole files even so.
 *
 * Breaking is claimed first, by a file that is named for the broken holder's token, so that of several waiters
 * one breaks it, and none breaks the lock of the next holder. Ages are taken by the file system's clock alone,
 * which may be another machine's.
 */
export class FileLock {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #token: string = randomUUID();
  #heldSince = 0;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Rejects with `ENOENT` when the folder of the lock is not there. */
  async acquire(): Promise<void> {
    let token: string | undefined;
    let looks = 0;
    while (!(await this.#tryMake(this.#path))) {
      const seen = await this.#look();
      if (seen === undefined) continue;
      looks = seen.token === token ? looks + 1 : 1;
      token = seen.token;
      const mayBreak = looks % LOOKS_BEFORE_BREAKING === 0 && (await this.#isDead(seen));
      if (mayBreak && (await this.#tryBreak(seen))) break;
      await pause(PAUSE_MS);
    }
    this.#heldSince = this.#clock.monotonic();
  }

  /** Lets go of one's own lock; another's, which broke it meanwhile, stays. */
  async release(): Promise<void> {
    // For so long after it was taken no one can take its holder for dead.
    if (this.#clock.monotonic() - this.#heldSince < DEAD_AFTER_MS / 2) return await remove(this.#path);
    const claim = this.#claimOn(this.#token);
    if (!(await this.#tryMake(claim))) return;
    if ((await this.#look())?.token === this.#token) await remove(this.#path);
    await remove(claim);
  }

  async #look(): Promise<SeenLock | undefined> {
    try {
      const [token, { mtimeMs }] = await Promise.all([readFile(this.#path, "utf8"), stat(this.#path)]);
      // A holder may have been killed before it had written its token.
      return { token: /^[0-9a-f-]{36}$/.test(token) ? token : `unnamed-${mtimeMs}`, modifiedAt: mtimeMs };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** By the clock of the file system, as it stamps a file that is written now. */
  async #isDead({ modifiedAt: since }: Pick<SeenLock, "modifiedAt">): Promise<boolean> {
    const probe = `${this.#path}.${this.#token}.now`;
    try {
      await writeFile(probe, "", { mode: OWN_FILE_MODE });
      return (await stat(probe)).mtimeMs - since > DEAD_AFTER_MS;
    } finally {
      await remove(probe);
    }
  }

  /** Takes the place of a dead holder, unless another does. */
  async #tryBreak(dead: SeenLock): Promise<boolean> {
    const claim = this.#claimOn(dead.token);
    if (!(await this.#tryMake(claim))) {
      // The process that claimed it may have been killed as well.
      const claimedAt = await modifiedAt(claim);
      if (claimedAt !== undefined && (await this.#isDead({ modifiedAt: claimedAt }))) await remove(claim);
      return false;
    }
    const own = `${this.#path}.${this.#token}.own`;
    try {
      if ((await this.#look())?.token !== dead.token) return false;
      await this.#tryMake(own);
      await rename(own, this.#path);
      return true;
    } finally {
      await remove(own);
      await remove(claim);
    }
  }

  #claimOn(token: string): string {
    return `${this.#path}.${token}.broken`;
  }

  /** Makes a file that holds one's token; false when it is there already. */
  async #tryMake(path: string): Promise<boolean> {
    try {
      await writeFile(path, this.#token, { flag: "wx", mode: OWN_FILE_MODE });
      return true;
    } catch (error) {
      if (isPresent(error)) return false;
      throw error;
    }
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true });
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
