// How files are named in everything that is stored and shown: from the bundle's folder, on every machine alike.

import { posix, relative, sep } from "node:path";

/** The path from the folder `root` to an absolute path, with forward slashes; `../` leads out of it. */
export function pathInBundle(root: string, path: string): string {
  return relative(root, path).split(sep).join(posix.sep);
}
