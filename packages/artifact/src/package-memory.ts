// Digests of the content of installed packages, recomputed only if something in their folder changes.

import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { createHash, randomUUID } from "node:crypto";
import { isBuiltin } from "node:module";
import { dirname, join, sep } from "node:path";
import type { Clock, Digest, Steps } from "@memodag/core";

/** The content of a package's folder, without packages in its own node_modules. */
export interface FolderContents {
  /** Digest of the names and contents of all its files. */
  readonly digest: Digest;
  /** Names of the packages that its code imports, whether or not package.json declares them. */
  readonly imports: readonly string[];
  /** Last change of a file or folder in it, in milliseconds since the Unix epoch. */
  readonly changedAt: number;
}

/** A cached entry of a package's folder. */
interface Remembered extends FolderContents {
  /** Digest of the names, sizes, times and inodes of its files. */
  readonly state: string;
}

interface FileState {
  /** Relative to the package's folder. */
  readonly path: string;
  readonly size: number;
}

interface FolderState {
  readonly files: readonly FileState[];
  readonly state: string;
  /** Of files only. */
  readonly newest: number;
  readonly changedAt: number;
}

const FORMAT = 2;
/**
 * In milliseconds. A file that changed this recently may change again without changing its size or time.
 */
const SETTLED_AFTER_MS = 2_000;
/** Number of files to process before the work may pause. */
const FILES_A_STEP = 64;
const CODE = /\.(?:[cm]?js|jsx)$/;
/** Code that packages ship but never load. Its imports are not those of the package. */
const NEVER_LOADED =
  /(?:^|\/)(?:tests?|__tests__|specs?|benchmarks?|bench|examples?|docs?|demos?|fixtures|\.[^/]+)\/|(?:^|\/)(?:[^/]*\.(?:test|spec|config)|gulpfile|Gruntfile|karma\.conf)\.[cm]?js$/;
const MAX_SCANNED_SIZE = 4 * 1024 * 1024;
const IMPORTS =
  /\b(?:from|import|require|resolve)\b\s*\(?\s*(["'`])((?:@[\w.-]+\/)?[\w][\w.-]*)(?:\/[^"'`\n]*)?\1/g;

/** A cache of digests of packages' folders, shared between processes through a file. */
export class PackageMemory {
  readonly #path: string;
  readonly #clock: Pick<Clock, "now">;
  #known: Map<string, Remembered> | null = null;
  #isChanged = false;

  /** @param path path of the cache file, which may be deleted at any time */
  constructor(path: string, clock: Pick<Clock, "now">) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Returns the current content of a folder. */
  *contentsOf(folder: string): Steps<FolderContents> {
    this.#known ??= readMemory(this.#path);
    const { files, state, newest, changedAt } = yield* listFiles(folder);
    const known = this.#known.get(folder);
    if (known?.state === state) return { ...known, changedAt };
    // As in git: within the resolution of timestamps, a second change could not be distinguished from the
    // first. Not asked after reading, which may take longer than that.
    const isSettled = this.#clock.now() - newest > SETTLED_AFTER_MS;
    const contents = { state, changedAt, ...(yield* digestFiles(folder, files)) };
    if (isSettled) {
      this.#known.set(folder, contents);
      this.#isChanged = true;
    }
    return contents;
  }

  /** Writes new entries. If the folder is not writable, the next process has to compute them again. */
  save(): void {
    if (!this.#isChanged || !this.#known) return;
    this.#isChanged = false;
    const temporary = `${this.#path}.${randomUUID()}.tmp`;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      writeFileSync(temporary, JSON.stringify({ format: FORMAT, packages: [...this.#known] }), {
        mode: 0o600,
      });
      renameSync(temporary, this.#path);
    } catch {
      // The digests are computed again.
    }
  }
}

function readMemory(path: string): Map<string, Remembered> {
  try {
    const { format, packages } = JSON.parse(readFileSync(path, "utf8")) as {
      format?: unknown;
      packages?: [string, Remembered][];
    };
    return new Map(format === FORMAT ? packages : []);
  } catch {
    return new Map();
  }
}

/**
 * Lists all files of a package in order, without nested packages and, in a linked package, without
 * dotfiles.
 */
function* listFiles(root: string): Steps<FolderState> {
  const isLinked = !root.split(sep).includes("node_modules");
  const files: FileState[] = [];
  const hash = createHash("sha256");
  let newest = 0;
  // The folder of a linked package may also contain a project's caches.
  let changedAt = isLinked ? 0 : (lstatOf(root)?.ctimeMs ?? 0);
  let seen = 0;
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const name of list(join(root, folder))) {
      if (name === "node_modules" || name === ".git" || (isLinked && name.startsWith("."))) continue;
      if ((seen += 1) % FILES_A_STEP === 0) yield;
      const path = folder === "" ? name : `${folder}/${name}`;
      const stats = lstatOf(join(root, path));
      if (!stats) continue;
      changedAt = Math.max(changedAt, stats.ctimeMs);
      if (stats.isDirectory()) folders.push(path);
      else if (stats.isFile()) {
        files.push({ path, size: stats.size });
        newest = Math.max(newest, stats.mtimeMs, stats.ctimeMs);
        hash.update(`${path}\0${stats.size} ${stats.mtimeMs} ${stats.ctimeMs} ${stats.ino}\0`);
      }
    }
    yield;
  }
  return { files, state: hash.digest("hex"), newest, changedAt };
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/**
 * Returns the status of a link's target if it is a file. A folder behind a link is another package, or
 * the same one again.
 */
function lstatOf(path: string): Stats | null {
  try {
    const stats = lstatSync(path);
    if (!stats.isSymbolicLink()) return stats;
    const target = statSync(path);
    return target.isFile() ? target : null;
  } catch {
    return null;
  }
}

function* digestFiles(
  root: string,
  files: readonly FileState[],
): Steps<Pick<FolderContents, "digest" | "imports">> {
  const hash = createHash("sha256");
  const imports = new Set<string>();
  for (const { path, size } of files) {
    yield;
    const bytes = readOrNothing(join(root, path));
    hash.update(`${path}\0${bytes.length}\0`);
    hash.update(bytes);
    if (!CODE.test(path) || NEVER_LOADED.test(path) || size > MAX_SCANNED_SIZE) continue;
    for (const [, , name] of bytes.toString("latin1").matchAll(IMPORTS)) {
      if (name !== undefined && !isBuiltin(name)) imports.add(name);
    }
  }
  return { digest: hash.digest("hex"), imports: [...imports].sort() };
}

function readOrNothing(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
