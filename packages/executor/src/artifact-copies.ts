// The copies of artifacts in a folder, which can be made again.

import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ARTIFACT_EXTENSION } from "@memodag/artifact/materialize-artifact";
import type { ArtifactCopy, ArtifactCopyStore } from "@memodag/core";

/** A file's name: a digest and the extension. */
const NAME = /^([0-9a-f]{64})\.mjs$/;

/** Copies in the folder that an executor fetches artifacts to. */
export class ArtifactCopies implements ArtifactCopyStore {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async list(): Promise<ArtifactCopy[]> {
    const names = await readdir(this.#dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw error;
    });
    const copies: ArtifactCopy[] = [];
    for (const name of names) {
      const digest = NAME.exec(name)?.[1];
      const file = digest && (await stat(join(this.#dir, name)).catch(() => undefined));
      if (digest && file) copies.push({ digest, sizeBytes: file.size, changedAt: file.mtimeMs });
    }
    return copies;
  }

  async remove(digest: string): Promise<void> {
    await rm(join(this.#dir, digest + ARTIFACT_EXTENSION), { force: true });
  }
}
