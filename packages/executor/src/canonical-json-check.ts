// Verifies that bytes are canonical JSON.

import { canonicalBytes, readJson } from "@memodag/core";

/** True if the bytes are the canonical JSON of the value they encode. Never throws. */
export function isCanonicalJson(bytes: Uint8Array): boolean {
  try {
    return Buffer.compare(canonicalBytes(readJson(bytes)), bytes) === 0;
  } catch {
    return false;
  }
}
