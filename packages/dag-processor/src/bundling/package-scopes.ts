// Finds the package.json files that determine how sources are read: "type", "imports", "exports".

import { dirname, join } from "node:path";
import type { Digest } from "@memodag/core";
import type { FileDigests } from "../file-digests.ts";

/** The package.json files above some sources, by absolute path. */
export interface PackageScopes {
  readonly files: ReadonlyMap<string, Digest>;
  /** Paths at which a new package.json would take precedence for a source. */
  readonly absent: readonly string[];
}

/** Finds the nearest package.json above each source, as Node does. */
export async function findPackageScopes(
  sources: Iterable<string>,
  digests: FileDigests,
): Promise<PackageScopes> {
  const files = new Map<string, Digest>();
  const absent = new Set<string>();
  for (const source of sources) {
    let folder = dirname(source);
    for (;;) {
      const path = join(folder, "package.json");
      if (files.has(path) || absent.has(path)) break;
      const digest = await digests.of(path);
      if (digest !== null) {
        files.set(path, digest);
        break;
      }
      absent.add(path);
      if (folder === dirname(folder)) break;
      folder = dirname(folder);
    }
  }
  return { files, absent: [...absent] };
}
