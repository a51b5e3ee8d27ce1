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
  /** Its source map (version 3, JSON), for the names in `components`; `null`: there are none. */
  readonly map: string | null;
  /** The Dag file's folder, absolute: imports resolve from it. */
  readonly folder: string;
  /** The same folder as the paths in `components` should start from, such as `dags`; `""` for none. */
  readonly shownFolder: string;
  readonly located: LocatedHandlers;
  readonly packages: PackageResolver;
  /** Packages that were loaded with the artifact, by whatever way. */
  readonly loaded: readonly LoadedContents[];
  /**
   * Inputs that were read while the file was loaded: the code of any task may depend on them. Absent:
   * none.
   */
  readonly inputs?: readonly InputFile[];
  /** Reads a specifier that says from which folder it resolves. */
  readonly readAnchor: ReadAnchor;
  /** Reads what a private name (`#name`) stands for. */
  readonly readPrivateName: ReadPrivateName;
}

/** A package that a process loaded. */
export interface LoadedContents extends PackageVersion {
  /** Of its files. */
  readonly digest: Digest;
}

/** A file that code was made of, beside its modules. */
export interface InputFile {
  /** As it is shown. */
  readonly path: string;
  readonly digest: Digest;
}
