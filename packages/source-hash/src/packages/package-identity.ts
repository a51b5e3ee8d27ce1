// The identity of a package in a hash.

import type { Digest, PackageVersion, Turns } from "@memodag/core";

/** One of the packages that another one reaches. */
export interface PackageMember extends PackageVersion {
  /** Of its files alone. */
  readonly digest: Digest;
  /** The folder that it lies in, without symbolic links. */
  readonly place: string;
}

/** A package with everything that it may load. */
export interface PackageIdentity {
  readonly name: string;
  /** Empty when it could not be found. */
  readonly version: string;
  /** Of its files, and of those of all packages that it reaches. */
  readonly digest: Digest;
  /** The package, and all that it reaches. */
  readonly members: readonly PackageMember[];
  /** True when loading it, or one that it reaches, may change something that other code sees. */
  readonly hasEffects: boolean;
  /** Why it does not fix what is loaded. */
  readonly doubts: readonly string[];
}

/** Finds packages. */
export interface PackageResolver {
  /**
   * The package that a bare specifier means in a module of `folder`.
   * @param folder absolute.
   */
  identify(specifier: string, folder: string): PackageIdentity;
  /** The same, in turns with other work. */
  identifyInTurns(specifier: string, folder: string, turns: Turns): Promise<PackageIdentity>;
}

/** A package's name in a specifier: `@a/b` of `@a/b/c.js`. */
export function packageNameOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
