// Digests of the parts of hashes.

import { sha256, type Digest } from "@memodag/core";
import type { LoadedContents } from "./hash-request.ts";
import { HASHER_VERSION } from "./hasher-version.ts";

/** Computes a hash. Its parts are delimited, and hashes of different hasher versions are never equal. */
export function digestOf(parts: readonly unknown[]): Digest {
  return sha256(JSON.stringify([HASHER_VERSION, ...parts]));
}

/** Returns packages as parts of a hash. */
export function contentsOf(loaded: readonly LoadedContents[]): readonly unknown[] {
  return loaded.map(({ name, version, digest }) => [name, version, digest]);
}
