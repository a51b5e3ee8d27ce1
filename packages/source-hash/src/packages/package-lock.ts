// Packages as npm's lockfile fixes them (versions 2 and 3 of its format).

import { dirname, posix } from "node:path";
import { MemodagError } from "@memodag/core";
import type { PackageEntry, PackageSource } from "./package-graph.ts";

interface LockedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly inBundle?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** The packages of a lockfile. Places in it are paths relative to the lockfile's folder, as the file has them. */
export class PackageLock implements PackageSource {
  readonly #packages: ReadonlyMap<string, LockedPackage>;
  readonly #entries = new Map<string, PackageEntry>();

  /**
   * @param text the lockfile's.
   * @throws MemodagError `dag_file_invalid` when it is not such a lockfile.
   */
  constructor(text: string) {
    this.#packages = readPackages(text);
  }

  find(name: string, fromPlace: string): PackageEntry | undefined {
    for (let folder = fromPlace; ; folder = dirname(folder)) {
      if (folder === ".") folder = "";
      const place = posix.join(folder, "node_modules", name);
      const locked = posix.basename(folder) === "node_modules" ? undefined : this.#packages.get(place);
      if (locked) return this.#entry(locked.link === true ? (locked.resolved ?? "") : place, name);
      if (folder === "") return undefined;
    }
  }

  /** True when the lockfile has that version of that package anywhere. */
  has(name: string, version: string): boolean {
    for (const [place, locked] of this.#packages) {
      if (locked.version === version && nameAt(place, locked) === name) return true;
    }
    return false;
  }

  #entry(place: string, name: string): PackageEntry {
    const known = this.#entries.get(place);
    if (known) return known;
    const entry = readEntry(place, name, this.#packages.get(place) ?? {});
    this.#entries.set(place, entry);
    return entry;
  }
}

function readPackages(text: string): ReadonlyMap<string, LockedPackage> {
  let lock: { packages?: unknown };
  try {
    lock = JSON.parse(text) as typeof lock;
  } catch (cause) {
    throw new MemodagError("dag_file_invalid", "package-lock.json is not JSON: run npm install", { cause });
  }
  if (typeof lock?.packages !== "object" || lock.packages === null) {
    throw new MemodagError(
      "dag_file_invalid",
      "package-lock.json has no list of packages: run npm install with npm 7 or newer",
    );
  }
  return new Map(Object.entries(lock.packages as Record<string, LockedPackage>));
}

function readEntry(place: string, name: string, locked: LockedPackage): PackageEntry {
  const dependencies = new Map<string, { optional: boolean }>();
  for (const peer of Object.keys(locked.peerDependencies ?? {})) {
    dependencies.set(peer, { optional: locked.peerDependenciesMeta?.[peer]?.optional === true });
  }
  for (const needed of Object.keys(locked.dependencies ?? {})) dependencies.set(needed, { optional: false });
  for (const wanted of Object.keys(locked.optionalDependencies ?? {}))
    dependencies.set(wanted, { optional: true });
  return {
    place,
    name: nameAt(place, locked) ?? name,
    version: locked.version ?? "",
    integrity: locked.integrity ?? locked.resolved ?? "",
    dependencies,
    doubts: isFixed(place, locked)
      ? []
      : [`package "${name}" is not fixed by the lockfile: it is installed from a folder`],
  };
}

function isFixed(place: string, locked: LockedPackage): boolean {
  if (!place.split("/").includes("node_modules")) return false;
  return (
    locked.integrity !== undefined ||
    locked.inBundle === true ||
    /^(?:git|https?)\b/.test(locked.resolved ?? "")
  );
}

function nameAt(place: string, { name }: LockedPackage): string | undefined {
  if (name !== undefined) return name;
  const at = place.lastIndexOf("node_modules/");
  return at < 0 ? undefined : place.slice(at + "node_modules/".length);
}
