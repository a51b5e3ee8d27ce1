// Which files of the repository come from the program.

import { fileURLToPath } from "node:url";
import { createProgram } from "../program.ts";
import { renderCliReference } from "./cli-reference.ts";

/** A file, by absolute path, and the text it must have. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** The reference of the commands. */
export function cliReference(): GeneratedFile {
  const path = fileURLToPath(new URL("../../../../docs/reference/cli.md", import.meta.url));
  return { path, text: renderCliReference(createProgram()) };
}
