// Where a fault of a Dag file is.

import type { DagFileError } from "@memodag/core";

/** `lib/rows.ts:3:7`, as far as it is known; else the Dag file. */
export function placeOf(path: string, { file, line, column }: DagFileError): string {
  return [file ?? path, line, column].filter((part) => part !== null).join(":");
}
