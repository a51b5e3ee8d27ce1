// Finds the Dag files of a bundle: files that import the SDK, by a cheap check of their text.

import type { Dirent } from "node:fs";
import { join } from "node:path";
import { MemodagError, readdir } from "@memodag/core";
import type { FileDigests } from "./file-digests.ts";

const CANDIDATE = /\.(?:ts|mts|js|mjs)$/;
const NOT_A_DAG_FILE = /\.(?:d\.[cm]?ts|(?:test|spec)\.[cm]?[jt]s)$/;

/** Folders that never contain Dag files: installed packages and dotfolders. */
export function isIgnoredFolder(name: string): boolean {
  return name === "node_modules" || name.startsWith(".");
}

/**
 * Lists the Dag files below `root`, as paths with forward slashes, in code unit order. Symbolic links
 * to folders are not followed.
 * @throws MemodagError `config_invalid` if `root` is not a readable folder
 */
export async function findDagFiles(root: string, digests: FileDigests): Promise<string[]> {
  const paths: string[] = [];
  await collect(root, "", paths, digests);
  return paths.sort();
}

async function collect(root: string, folder: string, paths: string[], digests: FileDigests): Promise<void> {
  const entries = await list(root, folder);
  await Promise.all(
    entries.map(async (entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!isIgnoredFolder(entry.name)) await collect(root, path, paths, digests);
      } else if (CANDIDATE.test(entry.name) && !NOT_A_DAG_FILE.test(entry.name)) {
        // False also for a file that was deleted since it was listed, and for FIFOs, sockets and devices.
        if (await digests.importsSdk(join(root, path))) paths.push(path);
      }
    }),
  );
}

async function list(root: string, folder: string): Promise<Dirent[]> {
  try {
    return await readdir(join(root, folder), { withFileTypes: true });
  } catch (cause) {
    // A folder below the root may have been deleted since its parent was listed; the root itself must
    // exist.
    if (folder !== "") return [];
    throw new MemodagError(
      "config_invalid",
      `The bundle's folder ${root} cannot be read: create it, or correct the bundle's path in the config`,
      { cause, fields: { path: root } },
    );
  }
}
