// Packages as they lie in node_modules, for projects without a lockfile that can be read.

import { dirname, join, sep } from "node:path";
import type { PackageEntry, PackageSource } from "./package-graph.ts";

/** Reads a file as text, following symbolic links; `null` when it is not there. `path` is where it lies. */
export type ReadInstalled = (path: string) => { readonly text: string; readonly path: string } | null;

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The packages that Node would find. Places are absolute folders, without symbolic links. */
export class InstalledPackages implements PackageSource {
  readonly #read: ReadInstalled;
  readonly #entries = new Map<string, PackageEntry | undefined>();

  constructor(read: ReadInstalled) {
    this.#read = read;
  }

  find(name: string, fromPlace: string): PackageEntry | undefined {
    for (let folder = fromPlace; ; folder = dirname(folder)) {
      if (!folder.endsWith(`${sep}node_modules`)) {
        const entry = this.#at(join(folder, "node_modules", name));
        if (entry) return entry;
      }
      if (folder === dirname(folder)) return undefined;
    }
  }

  #at(folder: string): PackageEntry | undefined {
    if (this.#entries.has(folder)) return this.#entries.get(folder);
    const file = this.#read(join(folder, "package.json"));
    const entry = file ? readEntry(dirname(file.path), file.text) : undefined;
    this.#entries.set(folder, entry);
    return entry;
  }
}

function readEntry(place: string, text: string): PackageEntry | undefined {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text) as Manifest;
  } catch {
    return undefined;
  }
  const dependencies = new Map<string, { optional: boolean }>();
  // What is missing here is missing when it is imported too, and what is there decides: all may be absent.
  for (const group of [manifest.peerDependencies, manifest.optionalDependencies, manifest.dependencies]) {
    for (const name of Object.keys(group ?? {})) dependencies.set(name, { optional: true });
  }
  const name = manifest.name ?? place;
  return {
    place,
    name,
    version: manifest.version ?? "",
    integrity: "",
    dependencies,
    doubts: place.split(sep).includes("node_modules")
      ? []
      : [`package "${name}" is installed from a folder: its files are not in the hash`],
  };
}
