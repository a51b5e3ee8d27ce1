// Names of files as stored and shown: relative to the bundle's folder, and the same on every machine.

import { posix, relative, sep } from "node:path";

/**
 * Returns the path from the folder `root` to an absolute path, with forward slashes. It may begin with
 * `../`.
 */
export function pathInBundle(root: string, path: string): string {
  return relative(root, path).split(sep).join(posix.sep);
}
