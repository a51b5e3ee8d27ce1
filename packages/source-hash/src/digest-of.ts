// Digests of what hashes are made of.

import { sha256, type Digest } from "@memodag/core";
import type { LoadedContents } from "./hash-request.ts";
import { HASHER_VERSION } from "./hasher-version.ts";

/** A hash: its parts are kept apart, and those of another version of the hasher are never equal. */
export function digestOf(parts: readonly unknown[]): Digest {
  return sha256(JSON.stringify([HASHER_VERSION, ...parts]));
}

/** Packages as parts of a hash. */
export function contentsOf(loaded: readonly LoadedContents[]): readonly unknown[] {
  return loaded.map(({ name, version, digest }) => [name, version, digest]);
}
