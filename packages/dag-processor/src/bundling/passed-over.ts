// Finds what determines the file of an import besides the file itself: missing files, and links.

import { join, posix } from "node:path";
import type { Metafile } from "esbuild";
import type { FileDigests } from "../file-digests.ts";
import { pathInBundle } from "../path-in-bundle.ts";
import { RESOLVE_EXTENSIONS } from "./compiler-options.ts";

const TYPESCRIPT_NAMES: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".jsx": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};

/** How imports were resolved. Paths are relative to the bundle's folder. */
export interface ImportPlaces {
  /**
   * Paths that were tried before the file that was found: if a file appears at one of them, it is used
   * instead. Some may be folders.
   */
  readonly passedOver: readonly string[];
  /** Targets of links, by the requested path. */
  readonly links: ReadonlyMap<string, string>;
}

/** Finds them for the Dag file at `entry` and everything that it imports. */
export async function findImportPlaces(
  { inputs }: Metafile,
  { root, entry, digests }: { readonly root: string; readonly entry: string; readonly digests: FileDigests },
): Promise<ImportPlaces> {
  const passedOver: string[] = [];
  const links = new Map<string, string>();
  const leadsTo = async (path: string, found: string): Promise<boolean> => {
    const place = await digests.placeOf(join(root, path));
    if (place === null || pathInBundle(root, place) !== found) return false;
    if (path !== found) links.set(path, found);
    return true;
  };
  const entryPlace = await digests.placeOf(join(root, entry));
  if (entryPlace !== null) await leadsTo(entry, pathInBundle(root, entryPlace));
  for (const [importer, { imports }] of Object.entries(inputs)) {
    for (const { original, path, external } of imports) {
      if (external || original === undefined) continue;
      const isRelative = /^\.{1,2}(?:\/|$)/.test(original);
      const candidates = isRelative
        ? listCandidates(posix.join(posix.dirname(importer), original))
        : listInstalled(posix.dirname(importer), original, root);
      // A package's folder contains what is imported from it.
      for (const candidate of candidates) {
        if (isRelative && candidate === path) break;
        if (isRelative && (await leadsTo(candidate, path))) break;
        const place = isRelative ? null : await digests.placeOf(join(root, candidate));
        if (place !== null) {
          links.set(candidate, pathInBundle(root, place));
          break;
        }
        passedOver.push(candidate);
      }
    }
  }
  return { passedOver, links };
}

/** Folders in which a package with that name may be, from the importer's folder upwards. */
function listInstalled(folder: string, specifier: string, root: string): string[] {
  if (!/^(?:@[^/]+\/)?[^./#@][^/]*/.test(specifier) || /^[a-z]+:/.test(specifier)) return [];
  const name = specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
  const paths: string[] = [];
  for (let at = join(root, folder); ; at = join(at, "..")) {
    paths.push(pathInBundle(root, join(at, "node_modules", name)));
    if (at === join(at, "..")) return paths;
  }
}

function listCandidates(base: string): string[] {
  const extension = posix.extname(base);
  const stem = base.slice(0, base.length - extension.length);
  return [
    base,
    ...RESOLVE_EXTENSIONS.map((tried) => base + tried),
    ...(TYPESCRIPT_NAMES[extension] ?? []).map((tried) => stem + tried),
    posix.join(base, "package.json"),
    ...RESOLVE_EXTENSIONS.map((tried) => posix.join(base, `index${tried}`)),
  ];
}
