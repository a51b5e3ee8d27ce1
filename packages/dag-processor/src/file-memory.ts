// Remembers what was found in files, shared between processes through a file, so that a command reads only what has changed.

import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync, type BigIntStats } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Digest } from "@memodag/core";

/** The facts that a pass needs of a file. */
export interface FileFacts {
  /** Digest of its content. */
  readonly digest: Digest;
  readonly importsSdk: boolean;
}

interface Remembered extends FileFacts {
  /** The size, times and inode that the file had. */
  readonly state: string;
}

/** Increment when the facts of the same file would be others. */
const FORMAT = 1;
/**
 * In milliseconds. A file that changed this recently may change again without changing its size or time, as within the
 * resolution of timestamps; git waits for the same reason.
 */
const SETTLED_AFTER_MS = 2_000;
/** Beyond it, the facts are found again. */
const MOST_REMEMBERED = 20_000;

/** Facts of files, valid as long as the system reports that a file is unchanged. */
export class FileMemory {
  readonly #path: string;
  readonly #clock: Pick<Clock, "now">;
  #known: Map<string, Remembered> | undefined;
  #isChanged = false;

  /** @param path path of the shared file, which may be deleted at any time */
  constructor(path: string, clock: Pick<Clock, "now">) {
    this.#path = path;
    this.#clock = clock;
  }

  /** The facts of a file whose current status is `stats`, if they are known. */
  find(path: string, stats: BigIntStats): FileFacts | undefined {
    const known = this.#all().get(path);
    return known?.state === stateOf(stats) ? known : undefined;
  }

  /** True if a change from now on would change the status of a file, which is `stats`. */
  isSettled(stats: BigIntStats): boolean {
    const changedAtMs = stats.mtimeMs > stats.ctimeMs ? stats.mtimeMs : stats.ctimeMs;
    return this.#clock.now() - Number(changedAtMs) > SETTLED_AFTER_MS;
  }

  /** Adds the facts of a file that was read after its status was `stats` and settled. */
  remember(path: string, stats: BigIntStats, { digest, importsSdk }: FileFacts): void {
    const known = this.#all();
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(path, { state: stateOf(stats), digest, importsSdk });
    this.#isChanged = true;
  }

  /** Writes new facts. If the folder is not writable, the next process has to read the files again. */
  save(): void {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    const temporary = `${this.#path}.${randomUUID()}.tmp`;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      writeFileSync(temporary, JSON.stringify({ format: FORMAT, files: [...this.#all()] }), { mode: 0o600 });
      renameSync(temporary, this.#path);
    } catch {
      // The files are read again.
    }
  }

  #all(): Map<string, Remembered> {
    return (this.#known ??= readMemory(this.#path));
  }
}

function stateOf({ size, mtimeNs, ctimeNs, ino, dev }: BigIntStats): string {
  return `${size} ${mtimeNs} ${ctimeNs} ${ino} ${dev}`;
}

function readMemory(path: string): Map<string, Remembered> {
  try {
    const { format, files } = JSON.parse(readFileSync(path, "utf8")) as {
      format?: unknown;
      files?: [string, Remembered][];
    };
    return new Map(format === FORMAT ? files : []);
  } catch {
    return new Map();
  }
}
