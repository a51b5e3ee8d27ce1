// The key of a record as its row has it: with the scope that made it, so that scopes never have a row in common.

import type { Digest } from "@memodag/core";
import { DEFAULT_SCOPE } from "@memodag/result-cache";

/** The column `key` of a record, or of a lease of its key: the key alone in the scope `default`, else `scope:key`. */
export function storedKey(scope: string, key: Digest): string {
  return scope === DEFAULT_SCOPE ? key : `${scope}:${key}`;
}

/** The key of a column. Digests have no colon. */
export function keyOfStored(stored: string): Digest {
  return stored.slice(stored.indexOf(":") + 1);
}

/** The scope of a column. */
export function scopeOfStored(stored: string): string {
  const end = stored.indexOf(":");
  return end === -1 ? DEFAULT_SCOPE : stored.slice(0, end);
}
