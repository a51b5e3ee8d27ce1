// What following the scripts of one command has found so far.

import { readdir } from "node:fs/promises";
import { basename, join, posix, resolve } from "node:path";
import { readRegularFile, type FileDigests } from "../../file-digests.ts";

/** Names of files that are programs, whichever language they are in. */
const SCRIPT_NAME = /\.(?:py|pyw|sh|bash|zsh|ksh|m?js|cjs|m?ts|cts|R|r|pl|pm|rb|jl|php|lua|so|dylib)$/;

/** A text that could be the path of a script. */
const SCRIPT_PATH = /^[^\s*?"'<>|$`\0]{1,500}$/;

const QUOTED = /(["'`])((?:(?!\1)[^\\\n])+)\1/g;

/** Where programs of others are installed: their versions are known by other ways. */
const INSTALLED = /(?:^|\/)(?:site-packages|dist-packages|node_modules|__pycache__)(?:\/|$)/;

/** Files, places without a file, and code that cannot be followed. Paths are absolute. */
export class Followed {
  readonly files: Set<string> = new Set();
  readonly absent: Set<string> = new Set();
  /** What it is, such as `fit.py:3 import_module(…)`. */
  readonly unfollowed: Set<string> = new Set();
  readonly #digests: FileDigests;
  readonly #folder: string;
  readonly #isSource: (path: string) => boolean;
  /** True while what cannot be followed is not to be noted. */
  isQuiet = false;
  readonly #visited = new Set<string>();

  /**
   * @param folder the Dag file's: paths are shown relative to it
   * @param sources paths relative to it
   */
  constructor(digests: FileDigests, folder: string, sources: readonly string[]) {
    this.#digests = digests;
    this.#folder = folder;
    const tails = sources.map((path) => `/${path}`);
    this.#isSource = (path) => tails.some((tail) => tail.endsWith(`/${path}`));
  }

  /** True when a file is there, which is then one that counts; else that it is not there does. */
  async add(path: string): Promise<boolean> {
    if (INSTALLED.test(path)) return false;
    // The digest is older than what is read of the file later: a change between is seen at the next pass.
    if ((await this.#digests.of(path)) === null) {
      this.absent.add(path);
      return false;
    }
    this.files.add(path);
    return true;
  }

  /** Where a link to a file leads; `null`: it is none. What a program finds beside itself may lie there. */
  async targetOf(path: string): Promise<string | null> {
    const place = await this.#digests.placeOf(path);
    return place === null || place === path || INSTALLED.test(place) ? null : place;
  }

  /** Compiled modules of a name in a folder, such as `name.cpython-312-x86_64-linux-gnu.so`. */
  async addCompiled(folder: string, name: string): Promise<void> {
    const names = await readdir(folder).catch(() => []);
    for (const found of names) {
      if (found.startsWith(`${name}.`) && /\.(?:so|pyd|pyc)$/.test(found))
        await this.add(join(folder, found));
    }
  }

  /** Text of a file, the first time that it is asked for under a name; `null`: it was asked for, or is no text. */
  async textOf(path: string, as: string): Promise<string | null> {
    const visit = `${as}\0${path}`;
    if (this.#visited.has(visit)) return null;
    this.#visited.add(visit);
    const bytes = await readRegularFile(path);
    return bytes === null || bytes.includes(0) ? null : bytes.toString("utf8");
  }

  /** Notes code that cannot be followed, unless `tail`, the end of its path, is that of a source. */
  addUnfollowed(path: string | null, line: number, what: string, tail = ""): void {
    if (this.isQuiet || (tail !== "" && this.#isSource(tail))) return;
    const shown =
      path === null ? "command" : `${posix.relative(this.#folder, path) || basename(path)}:${line}`;
    this.unfollowed.add(`${shown} ${what}`.replaceAll(/,?\s+/g, " "));
  }
}

/** True for a text that names a script, by its ending. */
export function namesScript(text: string): boolean {
  return SCRIPT_NAME.test(text) && SCRIPT_PATH.test(text) && !text.includes("://");
}

/** Where the scripts may be that the quoted texts of a program name, in some folders. */
export function namedScripts(text: string, folders: readonly string[]): string[] {
  const named = Array.from(text.matchAll(QUOTED), ([, , inner = ""]) => inner).filter(namesScript);
  return named.flatMap((path) => [...new Set(folders)].map((folder) => resolve(folder, path)));
}
