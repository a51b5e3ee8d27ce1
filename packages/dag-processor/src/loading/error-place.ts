// Finds the author's line in an error's stack, whose positions Node has mapped to the sources.

import { fileURLToPath } from "node:url";

/** A position in a source. `path` is absolute; line and column start at 1. */
export interface ErrorPlace {
  readonly path: string;
  readonly line: number;
  readonly column: number | null;
}

const FRAME = /^\s*at (?:.*\()?((?:file:\/\/)?\/.+?):(\d+):(\d+)\)?$/;
/** The line that Node prints above a message about an import that cannot be linked. */
const HEADING = /^((?:file:\/\/)?\/.+):(\d+)$/;

/**
 * Returns the innermost position of a stack that is in one of `sources` (absolute paths), the author's
 * own files, or `null`.
 */
export function findErrorPlace(stack: string, sources: { has(path: string): boolean }): ErrorPlace | null {
  for (const text of stack.split("\n")) {
    const [, file, line, column] = HEADING.exec(text) ?? FRAME.exec(text) ?? [];
    if (file === undefined) continue;
    const path = file.startsWith("file:") ? fileURLToPath(file) : file;
    if (sources.has(path)) {
      return { path, line: Number(line), column: column === undefined ? null : Number(column) };
    }
  }
  return null;
}
