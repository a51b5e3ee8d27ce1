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
  /** `null` for Node modules and for the SDK. */
  readonly package: PackageIdentity | null;
  readonly hazards: readonly string[];
}

/** Parses a specifier that contains the folder (relative to the Dag file's) that it resolves from. */
export type ReadAnchor = (
  specifier: string,
) => { readonly folder: string; readonly specifier: string } | null;

/**
 * Resolves a private name (`#name`) of the Dag file's package: every target that one of its conditions
 * may select; `null` if there is no such name.
 */
export type ReadPrivateName = (specifier: string) => readonly string[] | null;

/** The context for resolving imports. */
export interface ImportSurroundings {
  readonly packages: PackageResolver;
  /** The Dag file's absolute folder. */
  readonly folder: string;
  readonly readAnchor: ReadAnchor;
  readonly readPrivateName: ReadPrivateName;
}

/** Resolves imports relative to one Dag file. */
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
    // Its calls are inert while a file is loaded, and the values that it passes on are part of the key.
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

  /** A private name that refers to packages: its conditions select one of them. */
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
