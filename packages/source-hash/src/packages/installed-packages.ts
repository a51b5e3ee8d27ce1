// Packages as installed in node_modules: what is installed is what runs, whatever a lockfile contains.

import { dirname, join, sep } from "node:path";
import type { Digest, Steps } from "@memodag/core";
import type { PackageEntry, PackageSource } from "./package-graph.ts";

/** The content of a package's folder, without packages in its own node_modules. */
export interface PackageContents {
  /** Digest of the names and contents of all its files. */
  readonly digest: Digest;
  /** Names of packages that its code imports, whether or not its package.json declares them. */
  readonly imports: readonly string[];
}

/** The files of installed packages. */
export interface InstalledFiles {
  /**
   * Reads a file as text, following symbolic links; `null` if it does not exist. `path` is its real path.
   */
  read(path: string): { readonly text: string; readonly path: string } | null;
  contentsOf(folder: string): Steps<PackageContents>;
}

interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly sideEffects?: unknown;
  readonly dependencies?: Readonly<Record<string, unknown>>;
  readonly optionalDependencies?: Readonly<Record<string, unknown>>;
  readonly peerDependencies?: Readonly<Record<string, unknown>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, unknown>>;
}

/** The packages that Node would find. Places are absolute folders, without symbolic links. */
export class InstalledPackages implements PackageSource {
  readonly #files: InstalledFiles;
  readonly #entries = new Map<string, PackageEntry | undefined>();
  readonly #byPlace = new Map<string, PackageEntry>();

  constructor(files: InstalledFiles) {
    this.#files = files;
  }

  *find(name: string, fromPlace: string): Steps<PackageEntry | undefined> {
    for (let folder = fromPlace; ; folder = dirname(folder)) {
      if (!folder.endsWith(`${sep}node_modules`)) {
        const entry = yield* this.#at(join(folder, "node_modules", name));
        if (entry) return entry;
      }
      if (folder === dirname(folder)) return undefined;
    }
  }

  *#at(folder: string): Steps<PackageEntry | undefined> {
    if (this.#entries.has(folder)) return this.#entries.get(folder);
    const file = this.#files.read(join(folder, "package.json"));
    const entry = file ? yield* this.#entryAt(dirname(file.path), file.text) : undefined;
    this.#entries.set(folder, entry);
    return entry;
  }

  *#entryAt(place: string, text: string): Steps<PackageEntry> {
    let entry = this.#byPlace.get(place);
    if (!entry) {
      entry = readEntry(place, text, yield* this.#files.contentsOf(place));
      this.#byPlace.set(place, entry);
    }
    return entry;
  }
}

function readEntry(place: string, text: string, { digest, imports }: PackageContents): PackageEntry {
  const manifest = readManifest(text);
  const groups = [
    manifest.dependencies,
    manifest.optionalDependencies,
    manifest.peerDependencies,
    manifest.peerDependenciesMeta,
  ];
  return {
    place,
    name: typeof manifest.name === "string" ? manifest.name : place.slice(place.lastIndexOf(sep) + 1),
    version: typeof manifest.version === "string" ? manifest.version : "",
    contents: digest,
    // A missing package is also missing when it is imported, so only existing ones count.
    dependencies: [...new Set([...groups.flatMap((group) => Object.keys(group ?? {})), ...imports])].sort(),
    hasEffects: !isFreeOfEffects(manifest.sideEffects),
  };
}

function readManifest(text: string): Manifest {
  try {
    return (JSON.parse(text) ?? {}) as Manifest;
  } catch {
    return {}; // Node cannot load it either; its text is part of the digest.
  }
}

function isFreeOfEffects(sideEffects: unknown): boolean {
  return sideEffects === false || (Array.isArray(sideEffects) && sideEffects.length === 0);
}
