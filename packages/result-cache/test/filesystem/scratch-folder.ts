// A folder for one test.

import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

export interface ScratchFolder {
  readonly path: string;
  /** Paths of all files in it, relative to it, in order. */
  files(): Promise<string[]>;
  remove(): Promise<void>;
}

/** In memory where there is such a place: syncing thousands of files to a shared disk takes seconds. */
const PLACE = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export async function makeScratchFolder(): Promise<ScratchFolder> {
  const path = await mkdtemp(join(PLACE, "memodag-cache-"));
  return {
    path,
    async files() {
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(path, join(entry.parentPath, entry.name)))
        .sort();
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
