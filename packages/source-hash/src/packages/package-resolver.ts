// Which packages a project's code means, from its lockfile or else from what is installed.

import { isAbsolute, relative, sep } from "node:path";
import { messageOf, sha256, type Digest } from "@memodag/core";
import { InstalledPackages, type ReadInstalled } from "./installed-packages.ts";
import { identifyPackage, type PackageSource } from "./package-graph.ts";
import { packageNameOf, type PackageIdentity, type PackageResolver } from "./package-identity.ts";
import { PackageLock } from "./package-lock.ts";

/** A package at the version that a process loaded. */
export interface LoadedVersion {
  readonly name: string;
  readonly version: string;
}

/** What packages are resolved from. */
export interface PackageResolverOptions {
  /** npm's lockfile: its folder (absolute) and its text; `null` when there is none or it is another tool's. */
  readonly lockfile: { readonly folder: string; readonly text: string } | null;
  readonly readInstalled: ReadInstalled;
}

/**
 * Makes a resolver. It remembers what it found: make another when the lockfile or node_modules change.
 */
export function createPackageResolver({ lockfile, readInstalled }: PackageResolverOptions): LockedResolver {
  return new LockedResolver(lockfile, new InstalledPackages(readInstalled));
}

/** A resolver that also tells whether what was loaded is what was locked. */
export class LockedResolver implements PackageResolver {
  /** Digest of the lockfile; of nothing without one. */
  readonly fingerprint: Digest;
  readonly #folder: string | null;
  readonly #lock: PackageLock | null;
  readonly #installed: PackageSource;
  readonly #known = new Map<string, PackageIdentity>();
  readonly #lockDoubt: string | null;

  constructor(lockfile: PackageResolverOptions["lockfile"], installed: PackageSource) {
    this.#installed = installed;
    this.fingerprint = sha256(lockfile?.text ?? "");
    this.#folder = lockfile?.folder ?? null;
    let lock: PackageLock | null = null;
    let doubt = "there is no package-lock.json: packages are known by their version alone";
    if (lockfile) {
      try {
        lock = new PackageLock(lockfile.text);
      } catch (error) {
        doubt = messageOf(error);
      }
    }
    this.#lock = lock;
    this.#lockDoubt = lock ? null : doubt;
  }

  identify(specifier: string, folder: string): PackageIdentity {
    const name = packageNameOf(specifier);
    const key = JSON.stringify([name, folder]);
    let identity = this.#known.get(key);
    if (!identity) this.#known.set(key, (identity = this.#identify(name, folder)));
    return identity;
  }

  /** Of those loaded, the ones that the lockfile does not have at that version. */
  findStrangers(loaded: readonly LoadedVersion[]): LoadedVersion[] {
    const lock = this.#lock;
    return lock ? loaded.filter(({ name, version }) => !lock.has(name, version)) : [];
  }

  #identify(name: string, folder: string): PackageIdentity {
    const place = this.#folder === null ? "" : relative(this.#folder, folder).split(sep).join("/");
    const isInside = !place.startsWith("..") && !isAbsolute(place);
    if (this.#lock && isInside) return identifyPackage(this.#lock, name, place);
    const installed = identifyPackage(this.#installed, name, folder);
    return {
      ...installed,
      digest: sha256(JSON.stringify(["installed", installed.digest])),
      notes: [
        this.#lockDoubt ??
          `${folder} is outside of the lockfile's folder: packages are known by their version alone`,
      ],
    };
  }
}
