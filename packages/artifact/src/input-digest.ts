// What a file, a folder or a variable was when code was made from it. The Dag processor takes these digests;
// whoever runs the code later compares.

import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import { sha256, type Digest } from "@memodag/core";

/** Above this size, in bytes, a file's size and time of change stand for its content. */
const MAX_READ_SIZE = 64 * 1024 * 1024;

/**
 * The digest of what is at a path, links followed: a file's content, that a folder is there, or, for a path
 * that ends with a slash, the folder's list of names; `null` when nothing is there or it cannot be read.
 * What is neither, such as a FIFO, is never read.
 */
export function digestInput(path: string): Digest | null {
  let fd: number;
  try {
    const found = statSync(path);
    if (!found.isFile() && !found.isDirectory()) return sha256("neither a file nor a folder");
    // It may have become a FIFO since, and opening one would wait for someone who writes.
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

/** The digest of an environment variable's value; `null` for one that is not set. `*` is the list of all names. */
export function digestVariable(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): Digest | null {
  if (name === "*") return sha256(JSON.stringify(Object.keys(env).sort()));
  const value = env[name];
  return value === undefined ? null : sha256(JSON.stringify([name, value]));
}
