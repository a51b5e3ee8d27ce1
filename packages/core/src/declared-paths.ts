// Decides which absolute paths a task's declared patterns stand for, at the price of a comparison of prefixes.

import { posix } from "node:path";
import { matchesBelow, parseFilePattern, type FilePattern } from "./file-patterns.ts";

/** A pattern by its absolute folder. */
interface PlacedPattern {
  readonly folder: string;
  /** The folder, with a slash at its end. */
  readonly prefix: string;
  readonly pattern: FilePattern;
}

/** Names that no pattern means by chance: one that stands for them stands for every name. */
const ANY_NAMES = ["\u{10fffd}", ".\u{10fffd}"];

/** The patterns of one task. Paths are absolute and normal. */
export class DeclaredPaths {
  /** Patterns that stand for all that is in a folder, or for one file. */
  readonly #whole: readonly PlacedPattern[];
  readonly #wild: readonly PlacedPattern[];

  constructor(bundleDir: string, declared: readonly string[]) {
    const placed = declared.flatMap(parseFilePattern).map((pattern) => {
      const folder = posix.resolve(bundleDir, pattern.base);
      return { folder, prefix: folder.endsWith("/") ? folder : `${folder}/`, pattern };
    });
    this.#whole = placed.filter(({ pattern }) => pattern.segments.length === 0);
    this.#wild = placed.filter(({ pattern }) => pattern.segments.length > 0);
  }

  /** Folders that a program looks for on its way to a declared file. */
  get folders(): string[] {
    // A pattern without wildcards may be a file's own name.
    const whole = this.#whole.map(({ folder }) => posix.dirname(folder));
    return [...whole, ...this.#wild.map(({ folder }) => folder)];
  }

  /** True for a path that is, or is in, what a pattern without wildcards names: then its listing is declared, too. */
  holds(path: string): boolean {
    for (const { folder, prefix } of this.#whole) if (path.startsWith(prefix) || path === folder) return true;
    return false;
  }

  /** True for a path that a pattern stands for. */
  includes(path: string): boolean {
    return this.holds(path) || this.#isWild(path);
  }

  /** True for a folder of which every name is declared. */
  includesAllIn(folder: string): boolean {
    return this.holds(folder) || ANY_NAMES.every((name) => this.#isWild(`${folder}/${name}`));
  }

  #isWild(path: string): boolean {
    for (const { folder, prefix, pattern } of this.#wild) {
      if (path.startsWith(prefix) && matchesBelow(pattern, path.slice(prefix.length))) return true;
      if (path === folder && matchesBelow(pattern, "")) return true;
    }
    return false;
  }
}
