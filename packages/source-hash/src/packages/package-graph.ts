// Packages as a graph, and the digest of what one of them reaches.

import { sha256 } from "@memodag/core";
import type { PackageIdentity } from "./package-identity.ts";

/** A package as some source knows it. */
export interface PackageEntry {
  /** Its place: what tells two copies of a package apart. */
  readonly place: string;
  readonly name: string;
  readonly version: string;
  /** Whatever fixes its content beyond its version; empty when nothing does. */
  readonly integrity: string;
  /** Names it may import, and whether it works without. */
  readonly dependencies: ReadonlyMap<string, { readonly optional: boolean }>;
  readonly doubts: readonly string[];
}

/** Where packages come from: a lockfile, or what is installed. */
export interface PackageSource {
  /** The package that a name means in a module of that place; `undefined` when there is none. */
  find(name: string, fromPlace: string): PackageEntry | undefined;
}

/** The identity of a package: those that it reaches are numbered as they are met, wherever they lie. */
export function identifyPackage(source: PackageSource, name: string, fromPlace: string): PackageIdentity {
  const root = source.find(name, fromPlace);
  if (!root) {
    const doubt = `package "${name}" is not installed or not in the lockfile: run npm install`;
    return {
      name,
      version: "",
      digest: sha256(JSON.stringify(["missing", name])),
      members: [],
      doubts: [doubt],
      notes: [],
    };
  }
  const numbers = new Map<string, number>([[root.place, 0]]);
  const queue: PackageEntry[] = [root];
  const doubts = new Set<string>();
  const lines: unknown[] = [];
  for (const entry of queue) {
    for (const doubt of entry.doubts) doubts.add(doubt);
    const edges: (readonly [string, number])[] = [];
    for (const dependency of [...entry.dependencies.keys()].sort()) {
      const found = source.find(dependency, entry.place);
      if (!found) {
        // A platform's own binary or an optional peer: its absence is a fact like another.
        edges.push([dependency, -1]);
        if (entry.dependencies.get(dependency)?.optional === false) {
          doubts.add(
            `package "${dependency}", which "${entry.name}" needs, is not in the lockfile: run npm install`,
          );
        }
        continue;
      }
      let number = numbers.get(found.place);
      if (number === undefined) {
        number = queue.length;
        numbers.set(found.place, number);
        queue.push(found);
      }
      edges.push([dependency, number]);
    }
    lines.push([entry.name, entry.version, entry.integrity, edges]);
  }
  return {
    name: root.name,
    version: root.version,
    digest: sha256(JSON.stringify(lines)),
    members: queue.map(({ name: member, version }) => ({ name: member, version })),
    doubts: [...doubts],
    notes: [],
  };
}
