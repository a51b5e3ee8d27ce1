// Which packages a project's code means.

import { finish, finishInTurns, type Turns } from "@memodag/core";
import { InstalledPackages, type InstalledFiles } from "./installed-packages.ts";
import { identifyPackage } from "./package-graph.ts";
import { packageNameOf, type PackageIdentity, type PackageResolver } from "./package-identity.ts";

/** A package that was asked for, and what it was. */
export interface ResolvedPackage {
  readonly name: string;
  /** The folder, absolute, that it was resolved from. */
  readonly folder: string;
  readonly identity: PackageIdentity;
}

/** Makes a resolver. It remembers what it found: make another one for another look. */
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
    async identifyInTurns(specifier, folder, turns) {
      const key = keyOf(specifier, folder);
      let identity = known.get(key);
      if (!identity) {
        const steps = identifyPackage(installed, packageNameOf(specifier), folder);
        identity = await finishInTurns(steps, turns);
        known.set(key, identity);
      }
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
    return this.#note(specifier, folder, this.#resolver.identify(specifier, folder));
  }

  async identifyInTurns(specifier: string, folder: string, turns: Turns): Promise<PackageIdentity> {
    return this.#note(specifier, folder, await this.#resolver.identifyInTurns(specifier, folder, turns));
  }

  #note(specifier: string, folder: string, identity: PackageIdentity): PackageIdentity {
    const name = packageNameOf(specifier);
    this.#asked.set(JSON.stringify([name, folder]), { name, folder, identity });
    return identity;
  }

  /** Everything that was asked for so far. */
  list(): ResolvedPackage[] {
    return [...this.#asked.values()];
  }
}
