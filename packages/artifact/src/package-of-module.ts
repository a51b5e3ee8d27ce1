// Which package a module's file belongs to: the nearest package.json above it that has a name.

import fs from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** A package that was loaded, at the version its own package.json names. */
export interface LoadedPackage {
  readonly name: string;
  readonly version: string;
}

/** As it is now: what looks for packages is not to be taken for a read of the file that is loaded. */
const { readFileSync } = fs;

/** A package, and where it lies. */
export interface PackageFolder extends LoadedPackage {
  /** The folder of its package.json, links followed. */
  readonly folder: string;
}

const packageByFolder = new Map<string, PackageFolder | null>();

/** The package that holds the module at `url`; `null` for builtins, data URLs and files in no package. */
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
  // A package.json without a name only says how files below it are read, such as dist/esm's.
  const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
  if (typeof name !== "string") return null;
  return { name, version: typeof version === "string" ? version : "0.0.0", folder };
}
