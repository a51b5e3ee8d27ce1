// What a name imported from outside of the artifact is in a hash.

import { isBuiltin } from "node:module";
import { join } from "node:path";
import type { PackageIdentity, PackageResolver } from "../packages/package-identity.ts";
import { isSdkSpecifier } from "../purity/sdk-objects.ts";
import type { ImportedName } from "../program/program.ts";

/** An import as it is hashed. */
export interface ImportIdentity {
  readonly parts: readonly string[];
  /** `null` for Node's own modules and for the SDK. */
  readonly package: PackageIdentity | null;
  readonly hazards: readonly string[];
}

/** Reads a specifier that says from which folder (relative to the Dag file's) it resolves. */
export type ReadAnchor = (
  specifier: string,
) => { readonly folder: string; readonly specifier: string } | null;

/** Tells what imports mean beside one Dag file. */
export class ImportIdentities {
  readonly #packages: PackageResolver;
  readonly #folder: string;
  readonly #readAnchor: ReadAnchor;

  /** @param folder the Dag file's, absolute. */
  constructor(packages: PackageResolver, folder: string, readAnchor: ReadAnchor) {
    this.#packages = packages;
    this.#folder = folder;
    this.#readAnchor = readAnchor;
  }

  identify({ specifier, imported }: ImportedName): ImportIdentity {
    if (isBuiltin(specifier)) {
      return {
        parts: ["builtin", specifier.replace(/^node:/, ""), imported],
        package: null,
        hazards: makesRequire(specifier, imported) ? ["node:module"] : [],
      };
    }
    // Its calls are inert while a file is loaded, and the values that it hands over are in the key.
    if (isSdkSpecifier(specifier)) return { parts: ["sdk", specifier, imported], package: null, hazards: [] };
    const anchor = this.#readAnchor(specifier);
    const bare = anchor?.specifier ?? specifier;
    if (/^(?:[./#]|[a-z]+:)/.test(bare)) {
      return {
        parts: ["file", bare, imported],
        package: null,
        hazards: [`import of "${bare}", which was not bundled`],
      };
    }
    const folder = anchor ? join(this.#folder, anchor.folder) : this.#folder;
    const found = this.#packages.identify(bare, folder);
    return { parts: ["package", bare, imported, found.digest], package: found, hazards: found.doubts };
  }
}

/** What can load any file from a computed name. */
function makesRequire(specifier: string, imported: string): boolean {
  return /^(?:node:)?module$/.test(specifier) && ["*", "createRequire", "default"].includes(imported);
}
