// What a package is in a hash.

import type { Digest, PackageVersion } from "@memodag/core";

/** A package with everything that it depends on. */
export interface PackageIdentity {
  readonly name: string;
  /** Empty when it could not be found. */
  readonly version: string;
  /** Of its version and integrity, and of those of all packages it reaches. */
  readonly digest: Digest;
  /** The package and all that it reaches, as they are fixed. */
  readonly members: readonly PackageVersion[];
  /** Why it does not fix what is loaded: nothing is known of a package, or its files can change. */
  readonly doubts: readonly string[];
  /** What the author should know all the same. */
  readonly notes: readonly string[];
}

/** Finds packages. */
export interface PackageResolver {
  /**
   * The package that a bare specifier means in a module of `folder`.
   * @param folder absolute.
   */
  identify(specifier: string, folder: string): PackageIdentity;
}

/** A package's name in a specifier: `@a/b` of `@a/b/c.js`. */
export function packageNameOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
