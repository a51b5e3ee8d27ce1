// A script that Redis runs as a whole, and its name there.

import { createHash } from "node:crypto";

/** A script and its digest. */
export interface Script {
  readonly source: string;
  readonly sha1: string;
}

/** A script as servers call it. */
export function toScript(source: string): Script {
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}
