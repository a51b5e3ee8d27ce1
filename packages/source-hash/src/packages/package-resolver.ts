// Resolves the packages that a project's code imports.

import { finish, finishInSlices, type TimeSlice } from "@memodag/core";
import { InstalledPackages, type InstalledFiles } from "./installed-packages.ts";
import { identifyPackage } from "./package-graph.ts";
import { packageNameOf, type PackageIdentity, type PackageResolver } from "./package-identity.ts";

/** A package that was requested, and the result. */
export interface ResolvedPackage {
  readonly name: string;
  /** The absolute folder that it was resolved from. */
  readonly folder: string;
  readonly identity: PackageIdentity;
}

/** Creates a resolver. It caches results: create another one to look again. */
export function createPackageResolver(files: InstalledFiles): PackageResolver {
  const installed = new InstalledPackages(files);
  const known = new Map<string, PackageIdentity>();
  const keyOf = (specifier: string, folder: string) => JSON.stringify([packageNameOf(specifier), folder]);
  return {
    identify(specifier, folder) {
      const key = keyOf(specifier, folder);
      let identity = known.get(key);
      if (!identity) {
        identity = finish(identifyPackage(installed, packageNameOf(specifier), folder));
        known.set(key, identity);
      }
      return identity;
    },
    async identifyInSlices(specifier, folder, slice) {
      const key = keyOf(specifier, folder);
      let identity = known.get(key);
      if (!identity) {
        const steps = identifyPackage(installed, packageNameOf(specifier), folder);
        identity = await finishInSlices(steps, slice);
        known.set(key, identity);
      }
      return identity;
    },
  };
}

/** A resolver that also records requests. */
export class NotingResolver implements PackageResolver {
  readonly #resolver: PackageResolver;
  readonly #asked = new Map<string, ResolvedPackage>();

  constructor(resolver: PackageResolver) {
    this.#resolver = resolver;
  }

  identify(specifier: string, folder: string): PackageIdentity {
    return this.#note(specifier, folder, this.#resolver.identify(specifier, folder));
  }

  async identifyInSlices(specifier: string, folder: string, slice: TimeSlice): Promise<PackageIdentity> {
    return this.#note(specifier, folder, await this.#resolver.identifyInSlices(specifier, folder, slice));
  }

  #note(specifier: string, folder: string, identity: PackageIdentity): PackageIdentity {
    const name = packageNameOf(specifier);
    this.#asked.set(JSON.stringify([name, folder]), { name, folder, identity });
    return identity;
  }

  /** Returns all requests so far. */
  list(): ResolvedPackage[] {
    return [...this.#asked.values()];
  }
}
