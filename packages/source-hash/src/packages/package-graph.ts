// Packages as a graph, and the digest of what one of them reaches.

import { sha256, type Digest, type Steps } from "@memodag/core";
import type { PackageIdentity, PackageMember } from "./package-identity.ts";

/** An installed package. */
export interface PackageEntry {
  /** Its folder, which distinguishes copies of a package. */
  readonly place: string;
  readonly name: string;
  readonly version: string;
  /** Digest of its files. */
  readonly contents: Digest;
  /** Names that it may import, sorted. */
  readonly dependencies: readonly string[];
  /** False if its author declares that loading it has no side effects. */
  readonly hasEffects: boolean;
}

/** Finds packages. */
export interface PackageSource {
  /** Returns the package that a name resolves to in a module of that folder, or `undefined`. */
  find(name: string, fromPlace: string): Steps<PackageEntry | undefined>;
}

/**
 * Computes the identity of a package. The packages that it reaches are numbered as they are found,
 * independent of their folders.
 */
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
        // A platform-specific binary or an optional peer: its absence is part of the hash, too.
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
