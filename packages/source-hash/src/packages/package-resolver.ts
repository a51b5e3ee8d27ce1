// Which packages a project's code means.

import type { Digest } from "@memodag/core";
import { InstalledPackages, type InstalledFiles } from "./installed-packages.ts";
import { identifyPackage } from "./package-graph.ts";
import { packageNameOf, type PackageIdentity, type PackageResolver } from "./package-identity.ts";

/** A package that was asked for, and what it was. */
export interface ResolvedPackage {
  readonly name: string;
  /** The folder, absolute, that it was resolved from. */
  readonly folder: string;
  readonly digest: Digest;
}

/** Makes a resolver. It remembers what it found: make another one for another look. */
export function createPackageResolver(files: InstalledFiles): PackageResolver {
  const installed = new InstalledPackages(files);
  const known = new Map<string, PackageIdentity>();
  return {
    identify(specifier, folder) {
      const name = packageNameOf(specifier);
      const key = JSON.stringify([name, folder]);
      let identity = known.get(key);
      if (!identity) known.set(key, (identity = identifyPackage(installed, name, folder)));
      return identity;
    },
  };
}

/** The same resolver, which also tells what it was asked for. */
export class NotingResolver implements PackageResolver {
  readonly #resolver: PackageResolver;
  readonly #asked = new Map<string, ResolvedPackage>();

  constructor(resolver: PackageResolver) {
    this.#resolver = resolver;
  }

  identify(specifier: string, folder: string): PackageIdentity {
    const identity = this.#resolver.identify(specifier, folder);
    const name = packageNameOf(specifier);
    this.#asked.set(JSON.stringify([name, folder]), { name, folder, digest: identity.digest });
    return identity;
  }

  /** Everything that was asked for so far. */
  list(): ResolvedPackage[] {
    return [...this.#asked.values()];
  }
}
