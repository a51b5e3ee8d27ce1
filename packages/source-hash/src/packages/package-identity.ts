// The identity of a package in a hash.

import type { Digest, PackageVersion, TimeSlice } from "@memodag/core";

/** A package that another one reaches. */
export interface PackageMember extends PackageVersion {
  /** Digest of its own files. */
  readonly digest: Digest;
  /** Its folder, without symbolic links. */
  readonly place: string;
}

/** A package with everything that it may load. */
export interface PackageIdentity {
  readonly name: string;
  /** Empty if it was not found. */
  readonly version: string;
  /** Digest of its files, and of those of all packages that it reaches. */
  readonly digest: Digest;
  /** The package, and all packages that it reaches. */
  readonly members: readonly PackageMember[];
  /** True if loading it, or a package that it reaches, may have side effects. */
  readonly hasEffects: boolean;
  /** Why it does not determine what is loaded. */
  readonly doubts: readonly string[];
}

/** Resolves packages. */
export interface PackageResolver {
  /**
   * Returns the package that a bare specifier resolves to in a module of `folder`.
   * @param folder absolute path
   */
  identify(specifier: string, folder: string): PackageIdentity;
  /** The same, yielding to other work. */
  identifyInSlices(specifier: string, folder: string, slice: TimeSlice): Promise<PackageIdentity>;
}

/** Returns the package name of a specifier: `@a/b` for `@a/b/c.js`. */
export function packageNameOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
