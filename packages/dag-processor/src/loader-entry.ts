// Where the build puts the program that loads a Dag file.

import { fileURLToPath } from "node:url";

/**
 * The same file for sources and for what is built from them: a fork runs compiled code alone, in one piece,
 * which starts twice as fast. Named from a module at the top of `src`, so that the path is also right in the
 * packed program, which has all modules in one folder.
 */
export const LOADER_ENTRY: string = fileURLToPath(new URL("../dist/loader/loader-child.js", import.meta.url));
