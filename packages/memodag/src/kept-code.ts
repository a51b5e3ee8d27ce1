// Loads the files of the program with the code that was compiled when the same command last ran.
//
// Node's own cache keeps what is compiled when a file is loaded. Most functions are compiled when they are first called,
// and so again by every process: a fifth of a command's time. Here the code is kept at the end of a command, when V8 has
// compiled all that the command uses. It is kept apart for each command, as reading code takes time as well.
//
// Kept code is used only for the text that it was compiled from: for a file that has not been touched since, or has the same
// digest. V8 itself refuses code of another version or of other flags. What cannot be read or written is done without.

import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { hash, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Script } from "node:vm";

/** Where the program and its kept code are. */
export interface ProgramPlace {
  /** The folder of the program's files. */
  readonly folder: string;
  /** The file that code is kept in, in a folder that no other user can write to; `undefined` to keep none. */
  readonly keptIn: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** A state of a file. */
interface FileState {
  /** Changes whenever the file is written to or replaced. */
  readonly stamp: string;
  /** Of its text. */
  readonly digest: string;
}

/** Code of a file. */
interface Kept extends FileState {
  readonly code: Buffer;
}

interface LoadedFile {
  readonly stamp: string;
  readonly source: string;
  readonly script: Script;
  /** Kept code that was used. */
  readonly used: Buffer | undefined;
}

/** The head of the file of kept code, as JSON. */
interface Contents {
  readonly sum: number;
  readonly files: readonly (FileState & { readonly name: string; readonly length: number })[];
}

type Wrapper = (exports: unknown, require: unknown, module: unknown, file: string, folder: string) => void;

const BEFORE = "(function (exports, require, module, __filename, __dirname) {";
const AFTER = "\n})";
const DAY_MS = 86_400_000;
const LENGTH_BYTES = 4;
/** V8 copies code that does not begin at a multiple of this. */
const ALIGNMENT = 8;

/** The program, whose files are loaded when they are required. */
export class Program {
  readonly #place: ProgramPlace;
  readonly #require: NodeJS.Require;
  readonly #kept: ReadonlyMap<string, Kept>;
  readonly #modules = new Map<string, { exports: unknown }>();
  readonly #loaded = new Map<string, LoadedFile>();
  /** True if what a command calls may have changed: it calls other functions when it finds other things to do. */
  readonly #isOld: boolean;
  /** True if there is something to be kept. */
  #isStale: boolean;

  constructor(place: ProgramPlace) {
    this.#place = place;
    this.#require = createRequire(join(place.folder, "program.cjs"));
    const found = place.keptIn === undefined ? undefined : readKept(place.keptIn);
    this.#kept = found?.files ?? new Map<string, Kept>();
    this.#isOld = found === undefined || place.now - found.madeAt > DAY_MS;
    this.#isStale = this.#isOld;
  }

  /** Returns the exports of a file of the program (`./main.cjs`), or of a module that it uses. */
  require(specifier: string): unknown {
    return specifier.startsWith("./") ? this.#load(specifier.slice(2)) : this.#require(specifier);
  }

  /** Puts a file in place that Node has loaded. */
  add(name: string): void {
    this.#modules.set(name, { exports: this.#require(`./${name}`) });
  }

  /** Keeps the compiled code for the next process, unless it is there already. */
  keep(): void {
    const { keptIn, now } = this.#place;
    if (keptIn === undefined || !this.#isStale) return;
    const kept = new Map(this.#kept);
    for (const [name, { stamp, source, script, used }] of this.#loaded) {
      const code = this.#isOld ? undefined : used;
      kept.set(name, { stamp, digest: digestOf(source), code: code ?? script.createCachedData() });
    }
    try {
      mkdirSync(dirname(keptIn), { recursive: true, mode: 0o700 });
      writeKept(keptIn, kept);
      removeUnused(dirname(keptIn), now);
    } catch {
      // A full disk, or a folder that was removed: the next process compiles again.
    }
  }

  #load(name: string): unknown {
    const known = this.#modules.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    this.#modules.set(name, module);
    const file = join(this.#place.folder, name);
    const wrapper = this.#compile(name, file).runInThisContext() as Wrapper;
    wrapper(module.exports, (specifier: string) => this.require(specifier), module, file, this.#place.folder);
    return module.exports;
  }

  #compile(name: string, file: string): Script {
    const { source, stamp } = readStamped(file);
    const kept = this.#kept.get(name);
    // Files that were installed again have another stamp.
    const isSame = kept !== undefined && (kept.stamp === stamp || kept.digest === digestOf(source));
    const cachedData = isSame ? kept.code : undefined;
    const script = new Script(BEFORE + source + AFTER, {
      filename: file,
      // Places in the first line are those of the file.
      columnOffset: -BEFORE.length,
      ...(cachedData && { cachedData }),
    });
    const used = script.cachedDataRejected === true ? undefined : cachedData;
    if (used === undefined || kept?.stamp !== stamp) this.#isStale = true;
    this.#loaded.set(name, { stamp, source, script, used });
    return script;
  }
}

function readStamped(path: string): { source: string; stamp: string } {
  const file = openSync(path, "r");
  try {
    // Before it is read: what is written meanwhile makes another stamp.
    const { ino, size, mtimeMs, ctimeMs } = fstatSync(file);
    return { stamp: `${ino} ${size} ${mtimeMs} ${ctimeMs}`, source: readFileSync(file, "utf8") };
  } finally {
    closeSync(file);
  }
}

function readKept(path: string): { files: Map<string, Kept>; madeAt: number } | undefined {
  try {
    const bytes = readFileSync(path);
    const begin = LENGTH_BYTES + bytes.readUInt32LE();
    const { files, sum } = JSON.parse(bytes.toString("latin1", LENGTH_BYTES, begin)) as Contents;
    let at = aligned(begin);
    if (sum !== sumOf(bytes, at)) return undefined;
    const kept = new Map<string, Kept>();
    for (const { name, stamp, digest, length } of files) {
      kept.set(name, { stamp, digest, code: bytes.subarray(at, at + length) });
      at += aligned(length);
    }
    return at === bytes.length ? { files: kept, madeAt: statSync(path).mtimeMs } : undefined;
  } catch {
    // None yet, or not one of ours.
    return undefined;
  }
}

function writeKept(path: string, kept: ReadonlyMap<string, Kept>): void {
  const files = [...kept].map(([name, { code, ...state }]) => ({ name, ...state, length: code.length }));
  const codes = [...kept.values()].map(({ code }) => code);
  const body = Buffer.alloc(codes.reduce((size, { length }) => size + aligned(length), 0));
  let at = 0;
  for (const code of codes) {
    code.copy(body, at);
    at += aligned(code.length);
  }
  const contents = Buffer.from(JSON.stringify({ sum: sumOf(body, 0), files } satisfies Contents), "latin1");
  const head = Buffer.alloc(aligned(LENGTH_BYTES + contents.length));
  head.writeUInt32LE(contents.length);
  contents.copy(head, LENGTH_BYTES);
  writeWhole(path, Buffer.concat([head, body]));
}

/** Another process reads the file as it was, or as it will be. */
function writeWhole(path: string, bytes: Buffer): void {
  // Not named by the process alone: what a killed one has left, often with the same id in a container, is not in the way.
  const temporary = `${path}.${randomUUID()}`;
  const file = openSync(temporary, "wx", 0o600);
  try {
    writeFileSync(file, bytes);
    // V8 does not check what it is given: after a crash of the machine, the file has these bytes or is not there.
    fsyncSync(file);
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Each page of a file counts, and reading all of it takes longer than what is won. */
function sumOf(bytes: Buffer, from: number): number {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + from, (bytes.length - from) >> 2);
  let sum = words.length;
  for (let at = 0; at < words.length; at += 256) sum = (Math.imul(sum, 31) + (words[at] ?? 0)) | 0;
  return sum;
}

function digestOf(source: string): string {
  return hash("sha256", source);
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/** Code of versions of memodag and of Node that are no longer used. */
function removeUnused(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const { mtimeMs }: Stats = statSync(path);
    if (now - mtimeMs > 30 * DAY_MS) unlinkSync(path);
  }
}
