// Finds the lockfile that fixes the versions of a bundle's packages.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Digest } from "@memodag/core";
import type { FileDigests } from "./file-digests.ts";

const LOCKFILE_NAMES = [
  "package-lock.json",
  "npm-shrinkwrap.json",
  "pnpm-lock.yaml",
  "yarn.lock",
  "bun.lock",
] as const;

/** A lockfile and the digest of its content. */
export interface Lockfile {
  /** Absolute path. */
  readonly path: string;
  readonly digest: Digest;
}

/** Returns the nearest lockfile in `folder` or above, or `null`. */
export async function findLockfile(folder: string, digests: FileDigests): Promise<Lockfile | null> {
  for (const name of LOCKFILE_NAMES) {
    const path = join(folder, name);
    // Most are not there: dozens of calls that each wait for a thread would take longer than all the rest.
    const digest = existsSync(path) ? await digests.of(path) : null;
    if (digest !== null) return { path, digest };
  }
  const parent = dirname(folder);
  return parent === folder ? null : findLockfile(parent, digests);
}
