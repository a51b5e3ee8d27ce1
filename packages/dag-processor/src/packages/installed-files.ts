// The files of installed packages during one pass, with lookups cached.

import { readFileSync, realpathSync } from "node:fs";
import type { FolderContents, FolderReader } from "@memodag/artifact/packages";
import type { Steps } from "@memodag/core";
import type { InstalledFiles } from "@memodag/source-hash";

/** Reads node_modules. Use it for one pass only. */
export class NodeModules implements InstalledFiles, FolderReader {
  readonly #memory: FolderReader;
  readonly #contents = new Map<string, FolderContents>();

  constructor(memory: FolderReader) {
    this.#memory = memory;
  }

  read(path: string): { readonly text: string; readonly path: string } | null {
    try {
      return { text: readFileSync(path, "utf8"), path: realpathSync(path) };
    } catch {
      return null;
    }
  }

  *contentsOf(folder: string): Steps<FolderContents> {
    const known = this.#contents.get(folder);
    if (known) return known;
    const found = yield* this.#memory.contentsOf(folder);
    // Another file of the pass may have asked in the meantime: the first answer is used for all.
    const contents = this.#contents.get(folder) ?? found;
    this.#contents.set(folder, contents);
    return contents;
  }
}
