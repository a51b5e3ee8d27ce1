// The one place where a task's source hash comes from.

import { isBuiltin } from "node:module";
import type { LoadedPackage } from "@memodag/artifact";
import { sha256, type Digest, type SerializedDag } from "@memodag/core";
import type { BundledDagFile } from "./bundling/bundle-dag-file.ts";
import { isSdk } from "./bundling/import-rules.ts";
import type { LoadedDags } from "./loading/loader-messages.ts";
import type { Lockfile } from "./lockfile.ts";

/** All that is known of a file's code when its tasks' hashes are taken. */
export interface CodeOfDagFile {
  /** Absolute path of the bundle's folder. */
  readonly root: string;
  /** The Dag file's path inside the bundle. */
  readonly path: string;
  readonly bundled: BundledDagFile;
  readonly loaded: LoadedDags;
  readonly lockfile: Lockfile | null;
}

/** Source hashes by Dag id, then by task id, and what the author should know about them. */
export interface SourceHashes {
  of(dag: SerializedDag, taskId: string): Digest;
  readonly warnings: readonly string[];
}

/** Hashes, for each task of a file, the code that it can reach: here, the whole file's and its packages'. */
export function hashSources({ bundled, loaded, lockfile }: CodeOfDagFile): SourceHashes {
  const hash = sha256(
    JSON.stringify({
      code: sha256(bundled.code),
      packages: loaded.packages.map(({ name, version }: LoadedPackage) => [name, version]),
      // A package that is loaded late is not among those that were loaded; the lockfile covers it.
      lockfile: usesPackages(bundled) ? (lockfile?.digest ?? null) : null,
    }),
  );
  return { of: () => hash, warnings: [] };
}

function usesPackages({ metafile }: BundledDagFile): boolean {
  return Object.values(metafile.outputs).some(({ imports }) =>
    imports.some(({ path, external }) => external === true && !isSdk(path) && !isBuiltin(path)),
  );
}
