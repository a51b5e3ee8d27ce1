// The identity of a name imported from outside of the artifact in a hash.

import { isBuiltin } from "node:module";
import { join } from "node:path";
import { sha256 } from "@memodag/core";
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

/**
 * Reads what a private name (`#name`) of the Dag file's package stands for: every target that one of its
 * conditions may choose; `null` when there is no such name.
 */
export type ReadPrivateName = (specifier: string) => readonly string[] | null;

/** The context for resolving imports. */
export interface ImportSurroundings {
  readonly packages: PackageResolver;
  /** The Dag file's, absolute. */
  readonly folder: string;
  readonly readAnchor: ReadAnchor;
  readonly readPrivateName: ReadPrivateName;
}

/** Tells what imports mean beside one Dag file. */
export class ImportIdentities {
  readonly #packages: PackageResolver;
  readonly #folder: string;
  readonly #readAnchor: ReadAnchor;
  readonly #readPrivateName: ReadPrivateName;

  constructor({ packages, folder, readAnchor, readPrivateName }: ImportSurroundings) {
    this.#packages = packages;
    this.#folder = folder;
    this.#readAnchor = readAnchor;
    this.#readPrivateName = readPrivateName;
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
    if (bare.startsWith("#") && !anchor) {
      const identity = this.#identifyPrivate(bare, imported);
      if (identity) return identity;
    }
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

  /** A private name that stands for packages: which one of them it is, its conditions say. */
  #identifyPrivate(specifier: string, imported: string): ImportIdentity | undefined {
    const targets = this.#readPrivateName(specifier);
    if (!targets || targets.length === 0 || targets.some((target) => /^[./#]/.test(target))) return undefined;
    const found = targets
      .filter((target) => !isBuiltin(target))
      .map((target) => this.#packages.identify(target, this.#folder));
    const digests = found.map(({ digest }) => digest);
    return {
      parts: ["private", specifier, imported, JSON.stringify([targets, digests])],
      package: combine(specifier, found),
      hazards: found.length === 1 ? (found[0]?.doubts ?? []) : [],
    };
  }
}

function combine(name: string, found: readonly PackageIdentity[]): PackageIdentity | null {
  const [first] = found;
  if (!first || found.length === 1) return first ?? null;
  return {
    ...first,
    name,
    digest: sha256(JSON.stringify(found.map(({ digest }) => digest))),
    members: found.flatMap(({ members }) => members),
    hasEffects: found.some(({ hasEffects }) => hasEffects),
    doubts: [],
  };
}

/** True for an import that can load any file by a computed name. */
function makesRequire(specifier: string, imported: string): boolean {
  return /^(?:node:)?module$/.test(specifier) && ["*", "createRequire", "default"].includes(imported);
}
