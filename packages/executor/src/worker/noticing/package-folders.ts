// Tells which files belong to installed packages, and which are the worker's own.

import { readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { PackageVersion } from "@memodag/core";

const NODE_MODULES = `${sep}node_modules${sep}`;

// Captured before file functions are wrapped.
const readText = readFileSync;

/** A package and its absolute folder. */
export interface PackageFolder extends PackageVersion {
  readonly folder: string;
}

/** The packages that a process has used. */
export class PackageFolders {
  /** By folder; `null`: no package is installed there. */
  readonly #known = new Map<string, PackageFolder | null>();
  /** Packages outside of any `node_modules`: linked ones. */
  readonly #linked: PackageFolder[] = [];
  readonly #used = new Map<string, PackageFolder>();
  /** Folder of the Dag file: a package that contains it is the author's own code. */
  readonly #baseDir: string;
  /** Folders of memodag itself. */
  readonly #ownFolders: string[];

  constructor(baseDir: string, ownFolders: readonly string[]) {
    this.#baseDir = baseDir;
    this.#ownFolders = [...ownFolders];
  }

  /** True for a file of memodag. */
  isOwn(path: string): boolean {
    return this.#ownFolders.some((folder) => isWithin(folder, path));
  }

  /** Records a module that was resolved by a package's name, from `parent`. */
  addResolved(path: string, parent: string | null, isSdk: boolean): void {
    if (path.includes(NODE_MODULES) && !isSdk) return;
    const found = this.#nearest(dirname(path));
    if (!found || isWithin(found.folder, this.#baseDir)) return;
    if (isSdk || (parent !== null && this.isOwn(parent))) this.#ownFolders.push(found.folder);
    else if (!this.#linked.includes(found)) this.#linked.push(found);
  }

  /** Returns the package that contains a file, which may not exist. */
  find(path: string): PackageFolder | null {
    const at = path.lastIndexOf(NODE_MODULES);
    if (at < 0) return this.#linked.find(({ folder }) => isWithin(folder, path)) ?? null;
    const [first = "", second = ""] = path.slice(at + NODE_MODULES.length).split(sep, 2);
    if (first.startsWith(".") || first === "") return null;
    const name = first.startsWith("@") ? join(first, second) : first;
    return this.#read(path.slice(0, at + NODE_MODULES.length) + name);
  }

  /** Records that a file of a package was used. */
  use(found: PackageFolder): void {
    this.#used.set(found.folder, found);
  }

  /** Lists every package of which a file was used. */
  list(): PackageFolder[] {
    return [...this.#used.values()];
  }

  #nearest(folder: string): PackageFolder | null {
    const found = this.#read(folder);
    const parent = dirname(folder);
    return found ?? (parent === folder ? null : this.#nearest(parent));
  }

  #read(folder: string): PackageFolder | null {
    const known = this.#known.get(folder);
    if (known !== undefined) return known;
    const found = readPackage(folder);
    this.#known.set(folder, found);
    return found;
  }
}

/** True if `path` is `folder` or below it. */
export function isWithin(folder: string, path: string): boolean {
  if (!path.startsWith(folder)) return false;
  return path.length === folder.length || folder.endsWith(sep) || path[folder.length] === sep;
}

/** Returns the path of a file name or URL in a stack or of a module, or `null`. */
export function pathOfModule(name: string): string | null {
  if (name.startsWith("file:")) return fileURLToPath(name);
  return name.startsWith(sep) ? name : null;
}

function readPackage(folder: string): PackageFolder | null {
  try {
    const text = readText(join(folder, "package.json"), "utf8");
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
    if (typeof name !== "string") return null;
    return { folder, name, version: typeof version === "string" ? version : "0.0.0" };
  } catch {
    return null;
  }
}
