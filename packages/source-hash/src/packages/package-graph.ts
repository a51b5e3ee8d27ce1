// Packages as a graph, and the digest of what one of them reaches.

import { sha256, type Digest, type Steps } from "@memodag/core";
import type { PackageIdentity, PackageMember } from "./package-identity.ts";

/** A package as it is installed. */
export interface PackageEntry {
  /** Its place: what tells two copies of a package apart. */
  readonly place: string;
  readonly name: string;
  readonly version: string;
  /** Digest of its files. */
  readonly contents: Digest;
  /** Names that it may import, sorted. */
  readonly dependencies: readonly string[];
  /** False when its author says that loading it does nothing but make what it exports. */
  readonly hasEffects: boolean;
}

/** Where packages come from. */
export interface PackageSource {
  /** The package that a name means in a module of that place; `undefined` when there is none. */
  find(name: string, fromPlace: string): Steps<PackageEntry | undefined>;
}

/** The identity of a package: those that it reaches are numbered as they are met, wherever they lie. */
export function* identifyPackage(
  source: PackageSource,
  name: string,
  fromPlace: string,
): Steps<PackageIdentity> {
  const root = yield* source.find(name, fromPlace);
  if (!root) {
    return {
      name,
      version: "",
      digest: sha256(JSON.stringify(["missing", name])),
      members: [],
      hasEffects: false,
      doubts: [`package "${name}" is not installed: run npm install`],
    };
  }
  const numbers = new Map<string, number>([[root.place, 0]]);
  const queue: PackageEntry[] = [root];
  const lines: unknown[] = [];
  for (const entry of queue) {
    const edges: (readonly [string, number])[] = [];
    for (const dependency of entry.dependencies) {
      const found = yield* source.find(dependency, entry.place);
      if (!found) {
        // A platform's own binary or an optional peer: its absence is a fact like another.
        edges.push([dependency, -1]);
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
    lines.push([entry.name, entry.version, entry.contents, edges]);
  }
  return {
    name: root.name,
    version: root.version,
    digest: sha256(JSON.stringify(lines)),
    members: queue.map(memberOf),
    hasEffects: queue.some(({ hasEffects }) => hasEffects),
    doubts: [],
  };
}

function memberOf({ name, version, contents, place }: PackageEntry): PackageMember {
  return { name, version, digest: contents, place };
}
