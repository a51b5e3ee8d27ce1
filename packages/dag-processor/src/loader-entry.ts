// The location of the program that loads a Dag file.

import { fileURLToPath } from "node:url";

/**
 * The same file whether this module runs from source or from the build: a fork runs only compiled code,
 * bundled into one file, which starts twice as fast. It is resolved from a module at the top of `src`, so
 * that the path is also right in the packed program, where all modules are in one folder.
 */
export const LOADER_ENTRY: string = fileURLToPath(new URL("../dist/loader/loader-child.js", import.meta.url));
