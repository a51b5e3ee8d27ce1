// Values written in a Dag file: canonical JSON, or an error that names the place in the file's terms.

import { canonicalJson, MemodagError, shortenJsonPath } from "@memodag/core";
import { dagInvalid, type FaultPlace } from "./dag-fault.ts";

/**
 * The canonical JSON of a value that stands in a Dag file under `name`.
 * @throws MemodagError `dag_invalid` when JSON cannot carry it.
 */
export function literalText(place: FaultPlace, name: string, value: unknown): string {
  try {
    return canonicalJson(value);
  } catch (cause) {
    if (!(cause instanceof MemodagError)) throw cause;
    const { path, found, mend } = cause.fields;
    throw dagInvalid(place, {
      problem: `${String(found)} at ${shortenJsonPath(name + String(path).slice(1))}`,
      // The encoder speaks to handlers, which return values.
      mend: String(mend).replace(/^return /, "write "),
      cause,
    });
  }
}
