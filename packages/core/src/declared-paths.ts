// Matches absolute paths against the file patterns that a task declares, by comparing prefixes where
// possible.

import { posix } from "node:path";
import { matchesBelow, parseFilePattern, type FilePattern } from "./file-patterns.ts";

/** A pattern with its absolute folder. */
interface PlacedPattern {
  readonly folder: string;
  /** The folder with a trailing slash. */
  readonly prefix: string;
  readonly pattern: FilePattern;
}

/** Names that no pattern matches by chance: a pattern that matches them matches every name. */
const ANY_NAMES = ["\u{10fffd}", ".\u{10fffd}"];

/** The file patterns of one task. Paths are absolute and normalized. */
export class DeclaredPaths {
  /** Patterns that match a whole folder or a single file. */
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

  /** Folders that a program looks up on its way to a declared file. */
  get folders(): string[] {
    // A pattern without wildcards may name a file.
    const whole = this.#whole.map(({ folder }) => posix.dirname(folder));
    return [...whole, ...this.#wild.map(({ folder }) => folder)];
  }

  /**
   * True if a pattern without wildcards matches the path or a folder above it, so that its listing is
   * declared, too.
   */
  holds(path: string): boolean {
    for (const { folder, prefix } of this.#whole) if (path.startsWith(prefix) || path === folder) return true;
    return false;
  }

  /** True if a pattern matches the path. */
  includes(path: string): boolean {
    return this.holds(path) || this.#isWild(path);
  }

  /** True if the patterns match every name in the folder. */
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
