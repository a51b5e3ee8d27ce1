// Where the built pages are: a server hands out the files of this folder.

import { fileURLToPath } from "node:url";

/** Returns the folder of the built pages: `index.html`, and files below `assets/` that are named by their contents. */
export function webFolder(): string {
  return fileURLToPath(new URL("../dist/pages", import.meta.url));
}
