// The files found so far while following the scripts of one command.

import { readdir } from "node:fs/promises";
import { basename, join, posix, resolve } from "node:path";
import { readRegularFile, type FileDigests } from "../../file-digests.ts";

/** Names of files that are programs, in any language. */
const SCRIPT_NAME = /\.(?:py|pyw|sh|bash|zsh|ksh|m?js|cjs|m?ts|cts|R|r|pl|pm|rb|jl|php|lua|so|dylib)$/;

/** A string that could be the path of a script. */
const SCRIPT_PATH = /^[^\s*?"'<>|$`\0]{1,500}$/;

const QUOTED = /(["'`])((?:(?!\1)[^\\\n])+)\1/g;

/** Folders of installed programs, whose versions are covered in other ways. */
const INSTALLED = /(?:^|\/)(?:site-packages|dist-packages|node_modules|__pycache__)(?:\/|$)/;

/** Files, missing files, and code that cannot be followed. Paths are absolute. */
export class Followed {
  readonly files: Set<string> = new Set();
  readonly absent: Set<string> = new Set();
  /** Such as `fit.py:3 import_module(…)`. */
  readonly unfollowed: Set<string> = new Set();
  readonly #digests: FileDigests;
  readonly #folder: string;
  readonly #isSource: (path: string) => boolean;
  /** While true, code that cannot be followed is not recorded. */
  isQuiet = false;
  readonly #visited = new Set<string>();

  /**
   * @param folder the Dag file's folder: paths are shown relative to it
   * @param sources paths relative to it
   */
  constructor(digests: FileDigests, folder: string, sources: readonly string[]) {
    this.#digests = digests;
    this.#folder = folder;
    const tails = sources.map((path) => `/${path}`);
    this.#isSource = (path) => tails.some((tail) => tail.endsWith(`/${path}`));
  }

  /** Records a path, as a file or as missing. Returns true if the file exists. */
  async add(path: string): Promise<boolean> {
    if (INSTALLED.test(path)) return false;
    // The digest is taken before the file is read, so that a change in between is noticed at the next
    // pass.
    if ((await this.#digests.of(path)) === null) {
      this.absent.add(path);
      return false;
    }
    this.files.add(path);
    return true;
  }

  /**
   * Returns the target of a link to a file, or `null` if it is not a link. The program may find other
   * files beside the target.
   */
  async targetOf(path: string): Promise<string | null> {
    const place = await this.#digests.placeOf(path);
    return place === null || place === path || INSTALLED.test(place) ? null : place;
  }

  /** Compiled modules with a name in a folder, such as `name.cpython-312-x86_64-linux-gnu.so`. */
  async addCompiled(folder: string, name: string): Promise<void> {
    const names = await readdir(folder).catch(() => []);
    for (const found of names) {
      if (found.startsWith(`${name}.`) && /\.(?:so|pyd|pyc)$/.test(found))
        await this.add(join(folder, found));
    }
  }

  /**
   * Returns the text of a file the first time that it is requested under a name; `null` if it was
   * requested before or is not text.
   */
  async textOf(path: string, as: string): Promise<string | null> {
    const visit = `${as}\0${path}`;
    if (this.#visited.has(visit)) return null;
    this.#visited.add(visit);
    const bytes = await readRegularFile(path);
    return bytes === null || bytes.includes(0) ? null : bytes.toString("utf8");
  }

  /** Records code that cannot be followed, unless `tail`, the end of its path, matches a source. */
  addUnfollowed(path: string | null, line: number, what: string, tail = ""): void {
    if (this.isQuiet || (tail !== "" && this.#isSource(tail))) return;
    const shown =
      path === null ? "command" : `${posix.relative(this.#folder, path) || basename(path)}:${line}`;
    this.unfollowed.add(`${shown} ${what}`.replaceAll(/,?\s+/g, " "));
  }
}

/** True for a string that names a script, by its extension. */
export function namesScript(text: string): boolean {
  return SCRIPT_NAME.test(text) && SCRIPT_PATH.test(text) && !text.includes("://");
}

/**
 * Returns the possible locations of scripts that the string literals of a program name, in some folders.
 */
export function namedScripts(text: string, folders: readonly string[]): string[] {
  const named = Array.from(text.matchAll(QUOTED), ([, , inner = ""]) => inner).filter(namesScript);
  return named.flatMap((path) => [...new Set(folders)].map((folder) => resolve(folder, path)));
}
