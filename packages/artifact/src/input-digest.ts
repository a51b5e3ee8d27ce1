// Digests of files, folders and variables that code was built from. The Dag processor takes them;
// processes that run the code compare them later.

import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { sha256, type Digest } from "@memodag/core";

/** For files larger than this (in bytes), size and modification time stand for the content. */
const MAX_READ_SIZE = 64 * 1024 * 1024;

/**
 * Returns the digest of what is at a path, following links: the content of a file, the existence of a
 * folder, or, if the path ends with a slash, the list of names in the folder. Returns `null` if it does
 * not exist or cannot be read. Anything else, such as a FIFO, is never opened.
 */
export function digestInput(path: string): Digest | null {
  let fd: number;
  try {
    const found = statSync(path);
    if (!found.isFile() && !found.isDirectory()) return sha256("neither a file nor a folder");
    // It may have been replaced by a FIFO since, and opening one would block until there is a writer.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const stats = fstatSync(fd, { bigint: true });
    if (stats.isDirectory()) {
      return sha256(path.endsWith("/") ? JSON.stringify(["folder", ...readdirSync(path).sort()]) : "folder");
    }
    if (!stats.isFile()) return sha256("neither a file nor a folder");
    if (stats.size > MAX_READ_SIZE) return sha256(`large ${stats.size} ${stats.mtimeNs}`);
    return sha256(readFileSync(fd));
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

/**
 * Returns the digest of an environment variable's value, or `null` if it is not set. `*` is the list of
 * all names.
 */
export function digestVariable(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): Digest | null {
  if (name === "*") return sha256(JSON.stringify(Object.keys(env).sort()));
  const value = env[name];
  return value === undefined ? null : sha256(JSON.stringify([name, value]));
}
