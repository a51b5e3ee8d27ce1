// Lists the source files of a command, for both the Dag processor and the worker that checks again.
//
// Separate from the rest of the runtime, so that a worker loads it for commands only.

import { glob, stat } from "node:fs/promises";
import { posix, relative, resolve, sep } from "node:path";

/**
 * Folders of installed packages and generated files. Dotfiles are matched only by patterns with a
 * dot.
 */
const NEVER_SOURCES = new Set(["node_modules", "__pycache__"]);

/**
 * Returns the files that each pattern matches, as paths relative to `folder` with forward slashes,
 * sorted by UTF-16 code units. Folders in {@link NEVER_SOURCES} are included only if a pattern
 * names them.
 */
export async function listCommandSources(
  folder: string,
  patterns: readonly string[],
): Promise<Map<string, string[]>> {
  const found = await Promise.all(
    patterns.map(async (pattern) => [pattern, await listMatches(folder, pattern)] as const),
  );
  return new Map(found);
}

async function listMatches(folder: string, pattern: string): Promise<string[]> {
  const named = new Set(pattern.split("/"));
  const exclude = (path: string): boolean => {
    const name = posix.basename(path);
    return NEVER_SOURCES.has(name) && !named.has(name);
  };
  const paths = new Set<string>();
  for await (const match of glob(pattern, { cwd: folder, exclude })) {
    const path = resolve(folder, match);
    if (await isFile(path)) paths.add(relative(folder, path).split(sep).join(posix.sep));
  }
  return [...paths].sort();
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false; // Deleted since it was listed, or a dangling link.
  }
}
