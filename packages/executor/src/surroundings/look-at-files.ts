// Computes the part of a cache key for declared files.

import { statSync } from "node:fs";
import { parseFilePattern, sha256, type DeclaredFiles, type Digest, type Reason } from "@memodag/core";
import { isSameFile, type DigestMemory } from "./digest-memory.ts";
import { UnreadableInput, walkFiles, type FoundFile } from "./walk-files.ts";

/** Maximum number of files whose digests a record stores, so that explanations can name them. */
const MOST_SHOWN = 1_000;

/** Number of digits of a file's digest that are stored for this. */
const SHOWN_DIGITS = 12;

/** File patterns, relative to the folder. */
export interface FilesOrder {
  readonly root: string;
  readonly patterns: readonly string[];
}

/** The files found, or why they could not be read. */
export type FilesAnswer =
  | { readonly kind: "files"; readonly files: DeclaredFiles }
  | { readonly kind: "unknown"; readonly reason: Reason };

type FoundFiles = readonly (readonly [pattern: string, files: ReadonlyMap<string, FoundFile>])[];

interface Looked {
  readonly found: FoundFiles;
  readonly files: DeclaredFiles;
}

/** Lists declared files, and reads those that changed since the last time. */
export class FileLooker {
  readonly #memory: DigestMemory;
  /** The latest answer to each request, which stays valid while no file changes. */
  readonly #latest = new Map<string, Looked>();
  #changes = 0;

  constructor(memory: DigestMemory) {
    this.#memory = memory;
  }

  look({ root, patterns }: FilesOrder): FilesAnswer {
    try {
      return { kind: "files", files: this.#look(root, patterns) };
    } catch (error) {
      if (error instanceof UnreadableInput) {
        const what = `file:${error.path}: ${error.message}`;
        return { kind: "unknown", reason: { code: "input_unreadable", detail: { what } } };
      }
      throw error;
    }
  }

  #look(root: string, patterns: readonly string[]): DeclaredFiles {
    const found = patterns.map((text) => [text, findAll(root, text)] as const);
    const order = JSON.stringify([root, ...patterns]);
    const latest = this.#latest.get(order);
    const isSame = latest !== undefined && this.#isSame(latest.found, found);
    if (isSame && !this.#wouldRead(found)) return latest.files;
    const stamp = isSame ? latest.files.stamp : `${(this.#changes += 1)}`;
    const files = this.#digest(found, stamp);
    this.#latest.set(order, { found, files });
    return files;
  }

  #isSame(before: FoundFiles, after: FoundFiles): boolean {
    return after.every(([, files], index) => {
      const earlier = before[index]?.[1];
      if (earlier?.size !== files.size) return false;
      for (const [path, file] of files) {
        const was = earlier.get(path);
        if (was?.kind !== file.kind) return false;
        if (file.kind === "file" && was.kind === "file" && !isSameFile(was.stats, file.stats)) return false;
      }
      return true;
    });
  }

  #wouldRead(found: FoundFiles): boolean {
    for (const [, files] of found) {
      for (const file of files.values()) {
        if (file.kind === "file" && this.#memory.wouldRead(file.absolute, file.stats)) return true;
      }
    }
    return false;
  }

  #digest(found: FoundFiles, stamp: string): DeclaredFiles {
    const digests: Record<string, Digest> = Object.create(null) as Record<string, Digest>;
    const all = new Map<string, string>();
    for (const [text, files] of found) {
      const lines: string[] = [];
      for (const path of sortBytewise([...files.keys()])) {
        const file = files.get(path);
        if (!file) continue;
        const digest = file.kind === "file" ? this.#digestOf(path, file) : file.kind;
        lines.push(`${JSON.stringify(path)} ${digest}\n`);
        all.set(path, file.kind === "file" ? digest.slice(0, SHOWN_DIGITS) : file.kind);
      }
      digests[text] = sha256(`declared files v1\n${lines.join("")}`);
    }
    const shown = all.size > MOST_SHOWN ? null : Object.fromEntries(all);
    return { digests, shown, count: all.size, stamp };
  }

  #digestOf(path: string, { absolute }: Extract<FoundFile, { kind: "file" }>): Digest {
    try {
      return this.#memory.digestOf(absolute, statSync(absolute, { bigint: true }));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new UnreadableInput(path, code ?? message);
    }
  }
}

function findAll(root: string, text: string): Map<string, FoundFile> {
  const [first, ...others] = parseFilePattern(text).map((pattern) => walkFiles(root, pattern));
  const found = first ?? new Map<string, FoundFile>();
  for (const more of others) for (const [path, file] of more) found.set(path, file);
  return found;
}

/** Sorted by UTF-8 bytes, which differs from UTF-16 order only for surrogates. */
function sortBytewise(paths: string[]): string[] {
  return paths.some((path) => SURROGATE.test(path))
    ? paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    : paths.sort();
}

const SURROGATE = /[\ud800-\udfff]/;
