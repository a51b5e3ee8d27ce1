// Decides whether the loaded packages are those of the key. A pure function.

import type { DagPackages, Reason } from "@memodag/core";
import type { PackagesAnswer } from "./look-at-packages.ts";

/** Milliseconds by which a file's change time may lag behind the clock. */
const COARSE_CLOCK_MS = 20;

/**
 * Returns why the code that ran may differ from the code of the key, or `null`.
 * @param loaded the packages, in the order of `seen.packages`
 * @param spawnedAt a time before anything was loaded, in milliseconds since the Unix epoch; `undefined`
 * if unknown
 */
export function describePackageChange(
  { sealed, named }: DagPackages,
  loaded: readonly { readonly name: string }[],
  seen: PackagesAnswer,
  spawnedAt: number | undefined,
): Reason | null {
  const seals = new Map(sealed);
  for (const [index, { name }] of loaded.entries()) {
    const found = seen.packages[index];
    if (!found || seals.get(found.place) !== found.seal) {
      return codeChanged(`package ${name} is not what the Dag was read with`);
    }
    // It was changed and changed back, so it is unknown which version was loaded.
    if (spawnedAt !== undefined && found.changedAt >= spawnedAt - COARSE_CLOCK_MS) {
      return codeChanged(`package ${name} was changed while the task ran`);
    }
  }
  const other = named.find(([, , place], index) => seen.named[index] !== place);
  return other ? codeChanged(`package ${other[0]} is installed elsewhere than when the Dag was read`) : null;
}

/** How a package of this machine differs from one that a Dag was read with; `folder` is relative to the bundle's. */
export type PackageDifference =
  | { readonly kind: "missing" | "other_files"; readonly folder: string }
  /** A name resolves to another folder, or to none. */
  | { readonly kind: "elsewhere"; readonly folder: string | null; readonly name: string }
  | { readonly kind: "unknown"; readonly folder: null; readonly reason: Reason };

/** Returns what differs, each package once. */
export function describePackageDifferences(
  { sealed, named }: DagPackages,
  seen: PackagesAnswer,
): PackageDifference[] {
  const different = sealed.flatMap(([folder, seal], index): PackageDifference[] => {
    const found = seen.packages[index];
    if (!found) return [{ kind: "missing", folder }];
    return found.place === folder && found.seal === seal ? [] : [{ kind: "other_files", folder }];
  });
  const known = new Set(different.map(({ folder }) => folder));
  const moved = named.flatMap(([name, , folder], index): PackageDifference[] =>
    seen.named[index] === folder || known.has(folder) ? [] : [{ kind: "elsewhere", folder, name }],
  );
  return [...different, ...moved];
}

function codeChanged(what: string): Reason {
  return { code: "code_changed", detail: { what } };
}
