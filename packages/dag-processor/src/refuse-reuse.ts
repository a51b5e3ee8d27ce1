// Refuses cached tasks with `reuse` whose attempts would leave something in their process.

import type { DagFileError } from "@memodag/core";
import { dagInvalid } from "@memodag/sdk/runtime";
import { errorInFile } from "./loading/describe-failure.ts";
import type { KeptByTask } from "./source-hashes.ts";

/** Returns the fault of the first such task of a file, at the place that shows it; null if there is none. */
export function findReuseFault(path: string, kept: readonly KeptByTask[]): DagFileError | null {
  const [first] = kept;
  // The bundler's own code has no place.
  const place = first?.places.find(({ line }) => line > 0) ?? first?.places[0];
  if (!first || !place) return null;
  const others = first.places.length - 1;
  const rest = others > 0 ? ` and ${others} more ${others > 1 ? "places" : "place"}` : "";
  const where = place.line > 0 ? ` (${place.path}:${place.line}:${place.column}${rest})` : rest;
  const { message } = dagInvalid(first, {
    problem: `reuse is true for a cached task, and its code ${place.reason}${where}`,
    fix: "take reuse out, or cache, or keep what the next attempt could notice inside the handler",
  });
  if (place.line === 0) return errorInFile(path, message);
  return { message, file: place.path, line: place.line, column: place.column };
}
