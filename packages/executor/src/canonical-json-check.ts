// Whether bytes are canonical JSON.

import { canonicalBytes, readJson } from "@memodag/core";

/** True when the bytes are what the value that they stand for is written as. Never throws. */
export function isCanonicalJson(bytes: Uint8Array): boolean {
  try {
    return Buffer.compare(canonicalBytes(readJson(bytes)), bytes) === 0;
  } catch {
    return false;
  }
}
