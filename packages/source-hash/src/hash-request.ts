// The input of hashing: a Dag file as it was bundled and loaded, and the files and packages it was loaded
// with.

import type { Digest, PackageVersion } from "@memodag/core";
import type { LocatedHandlers } from "./handlers/located-handlers.ts";
import type { PackageResolver } from "./packages/package-identity.ts";
import type { ReadAnchor, ReadPrivateName } from "./slice/import-identities.ts";

/** A Dag file as it was bundled and loaded. */
export interface SourceHashRequest {
  /** The artifact: one ES module, written by esbuild with `keepNames`. */
  readonly code: string;
  /** Its source map (version 3, JSON), for the names in `components`, or `null`. */
  readonly map: string | null;
  /** The Dag file's absolute folder: imports resolve from it. */
  readonly folder: string;
  /** The same folder as shown in `components`, such as `dags`; `""` for none. */
  readonly shownFolder: string;
  readonly located: LocatedHandlers;
  readonly packages: PackageResolver;
  /** Packages that were loaded with the artifact, in any way. */
  readonly loaded: readonly LoadedContents[];
  /**
   * Inputs that were read while the file was loaded: the code of any task may depend on them. Absent:
   * none.
   */
  readonly inputs?: readonly InputFile[];
  /**
   * Keys of handlers whose attempts share a process although they are cached: they may leave nothing in it. Absent:
   * none.
   */
  readonly reused?: ReadonlySet<string>;
  /** Parses a specifier that contains the folder it resolves from. */
  readonly readAnchor: ReadAnchor;
  /** Resolves a private name (`#name`). */
  readonly readPrivateName: ReadPrivateName;
}

/** A package that a process loaded. */
export interface LoadedContents extends PackageVersion {
  /** Digest of its files. */
  readonly digest: Digest;
}

/** A file besides modules that code was built from. */
export interface InputFile {
  /** The path to show. */
  readonly path: string;
  readonly digest: Digest;
}
