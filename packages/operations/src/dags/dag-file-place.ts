// Formats the position of an error in a Dag file.

import type { DagFileError } from "@memodag/core";

/** Such as `lib/rows.ts:3:7`, as far as it is known; otherwise the Dag file. */
export function placeOf(path: string, { file, line, column }: DagFileError): string {
  return [file ?? path, line, column].filter((part) => part !== null).join(":");
}
