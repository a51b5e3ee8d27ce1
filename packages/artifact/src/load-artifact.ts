// Loads an artifact into this process as if it were beside the Dag file that it was built from.

import { readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MemodagError, sha256, type Digest } from "@memodag/core";
import type { Dag } from "@memodag/sdk";
import { isDag, takeServed } from "@memodag/sdk/runtime";
import { hookArtifact, packagesReachedFrom } from "./artifact-hooks.ts";
import { ARTIFACT_EXTENSION } from "./materialize-artifact.ts";
import type { LoadedPackage, PackageFolder } from "./package-of-module.ts";

/** The artifact to load, and the folder that its imports resolve from. */
export interface ArtifactLocation {
  /** A file named `<digest>.mjs`, as created by `materializeArtifact`. */
  readonly path: string;
  /** Folder of the Dag file. Bare specifiers, `import.meta` and source maps are relative to it. */
  readonly baseDir: string;
}

/** Callbacks during loading. */
export interface LoadArtifactOptions {
  /** Called when everything is ready, just before the top level runs. */
  readonly onImporting?: () => void;
  /** Called after the top level has run, before anything else. Its errors are passed on. */
  readonly onImported?: () => void;
}

/** A loaded artifact. */
export interface LoadedArtifact {
  readonly digest: Digest;
  /** Dags among the module's exports, including lists of Dags, sorted by export name; then those it serves. */
  readonly dags: readonly Dag[];
  /** All exports of the module. */
  readonly exports: Readonly<Record<string, unknown>>;
  /**
   * Every package loaded from the artifact so far, including lazy imports, sorted by name and version.
   */
  listPackages(): LoadedPackage[];
  /** The same with their folders: two copies of one version are listed twice. */
  listPackageFolders(): PackageFolder[];
}

/** The Dags that each artifact serves, by URL: its top level runs only once in a process. */
const servedBy = new Map<string, readonly Dag[]>();

/**
 * Runs an artifact's top level and finds its Dags, after checking its bytes against its name.
 * Errors thrown by the Dag file are passed on unchanged.
 * @throws MemodagError `artifact_not_found` if the file does not exist, `artifact_damaged` if its bytes
 * do
 * not match its name
 */
export async function loadArtifact(
  { path, baseDir }: ArtifactLocation,
  { onImporting, onImported }: LoadArtifactOptions = {},
): Promise<LoadedArtifact> {
  const digest = basename(path, ARTIFACT_EXTENSION);
  const code = readArtifact(path);
  if (sha256(code) !== digest) {
    throw new MemodagError(
      "artifact_damaged",
      `The content of ${path} does not match the digest in its name: delete the file, it is written again when needed`,
      { fields: { path, digest } },
    );
  }
  const url = artifactUrlOf({ path, baseDir });
  hookArtifact(url, code);
  // Of code that ran before, such as a task.
  takeServed();
  onImporting?.();
  const exports = (await import(/* @vite-ignore */ url)) as Record<string, unknown>;
  onImported?.();
  const served = servedBy.get(url) ?? takeServed();
  servedBy.set(url, served);
  return {
    digest,
    exports,
    dags: [...new Set([...Object.values(exports).flat().filter(isDag), ...served])],
    listPackages: () =>
      [...packagesReachedFrom(url)].map(({ name, version }) => ({ name, version })).sort(byNameAndVersion),
    listPackageFolders: () => [...packagesReachedFrom(url)].sort(byNameAndVersion),
  };
}

/** Returns the URL under which an artifact is loaded. Stack frames contain it. */
export function artifactUrlOf({ path, baseDir }: ArtifactLocation): string {
  // It is in the Dag file's folder, so that Node resolves imports from there.
  return pathToFileURL(join(resolve(baseDir), basename(path))).href;
}

/** Waits for the disk, as importing a file does: handing it to a thread takes longer than a small task. */
function readArtifact(path: string): Uint8Array {
  try {
    return readFileSync(path);
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
