// Checks whether a command's sources are still those that its cache key was computed from.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256, type SerializedCommand } from "@memodag/core";
import { listCommandSources } from "@memodag/sdk/command-sources";

/**
 * Returns the path of the first file that changed, was deleted, or was added, relative to the Dag file's
 * `folder`, or `null`.
 */
export async function findChangedSource(
  folder: string,
  { sources, files }: Pick<SerializedCommand, "sources" | "files">,
): Promise<string | null> {
  const expected = new Map(files.map(({ path, digest }) => [path, digest]));
  const found = new Set([...(await listCommandSources(folder, sources)).values()].flat());
  for (const path of [...new Set([...expected.keys(), ...found])].sort()) {
    const digest = expected.get(path);
    if (digest === undefined || (await digestOfFile(join(folder, path))) !== digest) return path;
  }
  return null;
}

async function digestOfFile(path: string): Promise<string | null> {
  try {
    return sha256(await readFile(path));
  } catch {
    return null;
  }
}
