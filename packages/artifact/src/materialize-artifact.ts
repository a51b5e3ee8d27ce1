// Artifacts as files named by their digest, so that a module loader can read them.

import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MemodagError, sha256, type Artifact } from "@memodag/core";

/** What an artifact's file name has after its digest. */
export const ARTIFACT_EXTENSION = ".mjs";

/**
 * Makes sure that `<dir>/<digest>.mjs` holds the artifact's code and resolves to its path. Safe when
 * several processes do it at once; a file that was damaged is replaced.
 * @throws MemodagError `artifact_damaged` when `code` does not have that digest; nothing is written.
 */
export async function materializeArtifact(dir: string, { digest, code }: Artifact): Promise<string> {
  if (sha256(code) !== digest) {
    throw new MemodagError(
      "artifact_damaged",
      `The artifact ${digest} does not have the sha256 it is stored under: process its Dag file again`,
      { fields: { digest } },
    );
  }
  const path = join(dir, digest + ARTIFACT_EXTENSION);
  if (await holds(path, digest)) return path;
  await mkdir(dir, { recursive: true });
  const temporary = join(dir, `.${digest}.${randomUUID()}.tmp`);
  try {
    await writeFile(temporary, code, { flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return path;
}

async function holds(path: string, digest: string): Promise<boolean> {
  try {
    return sha256(await readFile(path)) === digest;
  } catch {
    return false;
  }
}
