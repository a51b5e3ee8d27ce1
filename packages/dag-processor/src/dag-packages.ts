// Digests and seals the installed packages of one Dag file, yielding to other work.

import { dirname, join } from "node:path";
import { isBuiltin } from "node:module";
import { parseAnchoredSpecifier } from "@memodag/artifact";
import type { PackageSeals } from "@memodag/artifact/packages";
import { finishInSlices, TimeSlice, type DagPackages } from "@memodag/core";
import { pathInBundle } from "./path-in-bundle.ts";
import type { CodeOfDagFile, SourceHashes } from "./source-hashes.ts";

/** Reads what hashing will need, so that hashing does not have to wait. */
export async function lookAtPackages({
  root,
  path,
  bundled,
  loaded,
  installed,
  packages,
  followed,
}: CodeOfDagFile): Promise<void> {
  const slice = new TimeSlice();
  const folder = dirname(join(root, path));
  const names = Object.values(bundled.metafile.outputs)
    .flatMap(({ imports }) => imports)
    .filter(({ external, path: specifier }) => external === true && !isBuiltin(specifier));
  for (const { path: specifier } of names) {
    const anchored = parseAnchoredSpecifier(specifier);
    const named = anchored?.specifier ?? specifier;
    if (named.startsWith("#") || /^(?:memodag|@memodag\/sdk)(?:\/|$)/.test(named)) continue;
    await packages.identifyInSlices(named, anchored ? join(folder, anchored.folder) : folder, slice);
  }
  for (const [name, from] of followed.packages) await packages.identifyInSlices(name, from, slice);
  for (const { folder: place } of loaded.packages) await finishInSlices(installed.contentsOf(place), slice);
}

/**
 * Returns the seals that processes running the code compare with the installed packages; `null`: no
 * packages.
 */
export async function sealPackages(
  { named, loadedFrom }: Pick<SourceHashes, "named" | "loadedFrom">,
  root: string,
  seals: PackageSeals,
): Promise<DagPackages | null> {
  const slice = new TimeSlice();
  const folders = new Set(loadedFrom);
  for (const { identity } of named) {
    for (const { place } of identity.members) folders.add(place);
  }
  if (folders.size + named.length === 0) return null;
  const sealed: (readonly [string, string])[] = [];
  for (const place of folders) {
    sealed.push([pathInBundle(root, place), (await finishInSlices(seals.sealOf(place), slice)).seal]);
  }
  const places = named.map(({ name, folder, identity }) => {
    const place = identity.members[0]?.place;
    return [
      name,
      pathInBundle(root, folder),
      place === undefined ? null : pathInBundle(root, place),
    ] as const;
  });
  return {
    sealed: sealed.sort(([a], [b]) => (a < b ? -1 : 1)),
    named: places.sort((a, b) => (`${a[0]}\0${a[1]}` < `${b[0]}\0${b[1]}` ? -1 : 1)),
  };
}
