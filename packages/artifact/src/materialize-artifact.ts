// Writes artifacts to files named by their digest, so that the module loader can read them.

import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  MemodagError,
  nameFileFault,
  OWN_FILE_MODE,
  OWN_FOLDER_MODE,
  sha256,
  type Artifact,
} from "@memodag/core";

/** The extension of an artifact's file name, after the digest. */
export const ARTIFACT_EXTENSION = ".mjs";

/**
 * Ensures that `<dir>/<digest>.mjs` contains the artifact's code, and resolves to its path. Several
 * processes
 * may do this concurrently. A damaged file is replaced.
 * @throws MemodagError `artifact_damaged` if `code` does not have that digest; nothing is written.
 * `disk_failed` if the folder cannot be written to.
 */
export async function materializeArtifact(dir: string, { digest, code }: Artifact): Promise<string> {
  if (sha256(code) !== digest) {
    throw new MemodagError(
      "artifact_damaged",
      `The artifact ${digest} does not match the SHA-256 under which it is stored: process its Dag file again`,
      { fields: { digest } },
    );
  }
  const path = join(dir, digest + ARTIFACT_EXTENSION);
  if (await holds(path, digest)) return path;
  try {
    // The folder may be removed while it is being written to.
    await write(dir, path, code).catch(async (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      await write(dir, path, code);
    });
  } catch (error) {
    throw nameFileFault(error, { what: "artifacts", path: dir, setting: "[core] state_dir" });
  }
  return path;
}

async function write(dir: string, path: string, code: Uint8Array): Promise<void> {
  await mkdir(dir, { recursive: true, mode: OWN_FOLDER_MODE });
  const temporary = join(dir, `.${randomUUID()}.tmp`);
  try {
    await writeFile(temporary, code, { flag: "wx", mode: OWN_FILE_MODE });
    await rename(temporary, path);
  } catch (error) {
    // The original error may also prevent removal; it is the one to report.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function holds(path: string, digest: string): Promise<boolean> {
  try {
    return sha256(await readFile(path)) === digest;
  } catch {
    return false;
  }
}
