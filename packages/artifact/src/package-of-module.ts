// Finds the package of a module: the nearest package.json above it that has a name.

import fs from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A loaded package, with the version in its own package.json. */
export interface LoadedPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * Captured now, so that looking up packages is not recorded as a read of the file that is being loaded.
 */
const { readFileSync } = fs;

/** A package and its folder. */
export interface PackageFolder extends LoadedPackage {
  /** The folder of its package.json, with links resolved. */
  readonly folder: string;
}

const packageByFolder = new Map<string, PackageFolder | null>();

/**
 * Returns the package that contains the module at `url`. Returns `null` for builtins, data URLs and files
 * outside packages.
 */
export function packageOfModule(url: string): PackageFolder | null {
  return url.startsWith("file:") ? packageOfFolder(dirname(fileURLToPath(url))) : null;
}

function packageOfFolder(folder: string): PackageFolder | null {
  const known = packageByFolder.get(folder);
  if (known !== undefined) return known;
  const parent = dirname(folder);
  const found = readPackage(folder) ?? (parent === folder ? null : packageOfFolder(parent));
  packageByFolder.set(folder, found);
  return found;
}

function readPackage(folder: string): PackageFolder | null {
  let text: string;
  try {
    text = readFileSync(join(folder, "package.json"), "utf8");
  } catch {
    return null;
  }
  // A package.json without a name only configures the files below it, such as those of dist/esm.
  const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
  if (typeof name !== "string") return null;
  return { name, version: typeof version === "string" ? version : "0.0.0", folder };
}
