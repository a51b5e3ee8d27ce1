// Encodes literal values of a Dag file as canonical JSON, with errors that point into the file.

import { canonicalJson, MemodagError, shortenJsonPath } from "@memodag/core";
import { dagInvalid, type FaultPlace } from "./dag-fault.ts";

/**
 * Returns the canonical JSON of a value that appears in a Dag file under `name`.
 * @throws MemodagError `dag_invalid` if JSON cannot represent it.
 */
export function literalText(place: FaultPlace, name: string, value: unknown): string {
  try {
    return canonicalJson(value);
  } catch (cause) {
    if (!(cause instanceof MemodagError)) throw cause;
    const { path, found, fix } = cause.fields;
    throw dagInvalid(place, {
      problem: `${String(found)} at ${shortenJsonPath(name + String(path).slice(1))}`,
      // The encoder's messages address handlers, which return values.
      fix: String(fix).replace(/^return /, "write "),
      cause,
    });
  }
}
