// Whether packages that were loaded are those of the key. A function of values.

import type { DagPackages, Reason } from "@memodag/core";
import type { PackagesAnswer } from "./look-at-packages.ts";

/** Milliseconds by which the time of a file's change may be behind the clock. */
const COARSE_CLOCK_MS = 20;

/**
 * Why the code that ran may not be the code of the key; `null`: it is.
 * @param loaded the packages, in the order of `seen.packages`
 * @param spawnedAt before anything was loaded, in milliseconds since the Unix epoch; `undefined`: it is not known
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
    // Changed and changed back: which of the two was loaded cannot be told.
    if (spawnedAt !== undefined && found.changedAt >= spawnedAt - COARSE_CLOCK_MS) {
      return codeChanged(`package ${name} was changed while the task ran`);
    }
  }
  const other = named.find(([, , place], index) => seen.named[index] !== place);
  return other ? codeChanged(`package ${other[0]} is installed elsewhere than when the Dag was read`) : null;
}

function codeChanged(what: string): Reason {
  return { code: "code_changed", detail: { what } };
}
