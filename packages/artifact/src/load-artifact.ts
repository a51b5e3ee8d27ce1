// Loads an artifact into this process, as though its file lay beside the Dag file it was built from.

import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MemodagError, sha256, type Digest } from "@memodag/core";
import type { Dag } from "@memodag/sdk";
import { isDag } from "@memodag/sdk/runtime";
import { hookArtifact, packagesReachedFrom } from "./artifact-hooks.ts";
import { ARTIFACT_EXTENSION } from "./materialize-artifact.ts";
import type { LoadedPackage, PackageFolder } from "./package-of-module.ts";

/** Which artifact to load, and from where its imports resolve. */
export interface ArtifactLocation {
  /** A file named `<digest>.mjs`, as `materializeArtifact` makes it. */
  readonly path: string;
  /** Folder of the Dag file: bare specifiers, `import.meta` and source maps are relative to it. */
  readonly baseDir: string;
}

/** Who hears of the loading. */
export interface LoadArtifactOptions {
  /** Called when all is ready, right before the top level runs. */
  readonly onImporting?: () => void;
  /** Called when the top level has run, before anything else does. What it throws is passed on. */
  readonly onImported?: () => void;
}

/** A loaded artifact. */
export interface LoadedArtifact {
  readonly digest: Digest;
  /** Dags among the module's exports, lists of Dags included, in order of the exports' names. */
  readonly dags: readonly Dag[];
  /** All that the module exports. */
  readonly exports: Readonly<Record<string, unknown>>;
  /** Every package loaded from the artifact so far, lazy imports included; by name, then version. */
  listPackages(): LoadedPackage[];
  /** The same, with the folders that they lie in: two copies of a version are two. */
  listPackageFolders(): PackageFolder[];
}

/**
 * Runs an artifact's top level and finds its Dags. Its bytes are checked against its name first.
 * Whatever the Dag file throws is passed on as it is.
 * @throws MemodagError `artifact_not_found` when the file is not there, `artifact_damaged` when its
 * bytes are not what its name says.
 */
export async function loadArtifact(
  { path, baseDir }: ArtifactLocation,
  { onImporting, onImported }: LoadArtifactOptions = {},
): Promise<LoadedArtifact> {
  const digest = basename(path, ARTIFACT_EXTENSION);
  const code = await readArtifact(path);
  if (sha256(code) !== digest) {
    throw new MemodagError(
      "artifact_damaged",
      `${path} does not hold what its name says: delete it, it is written again when it is needed`,
      { fields: { path, digest } },
    );
  }
  const url = artifactUrlOf({ path, baseDir });
  hookArtifact(url, code);
  onImporting?.();
  const exports = (await import(/* @vite-ignore */ url)) as Record<string, unknown>;
  onImported?.();
  return {
    digest,
    exports,
    dags: [...new Set(Object.values(exports).flat().filter(isDag))],
    listPackages: () =>
      [...packagesReachedFrom(url)].map(({ name, version }) => ({ name, version })).sort(byNameAndVersion),
    listPackageFolders: () => [...packagesReachedFrom(url)].sort(byNameAndVersion),
  };
}

/** The url under which an artifact is loaded; its stack frames name it. */
export function artifactUrlOf({ path, baseDir }: ArtifactLocation): string {
  // It lies in the Dag file's folder, so that Node resolves from there without being told.
  return pathToFileURL(join(resolve(baseDir), basename(path))).href;
}

async function readArtifact(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new MemodagError(
      "artifact_not_found",
      `Cannot read the artifact ${path}: process its Dag file again`,
      {
        cause,
        fields: { path },
      },
    );
  }
}

function byNameAndVersion(a: LoadedPackage, b: LoadedPackage): number {
  const [left, right] = a.name === b.name ? [a.version, b.version] : [a.name, b.name];
  return left < right ? -1 : left > right ? 1 : 0;
}
