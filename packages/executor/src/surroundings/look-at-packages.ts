// Inspects the installed packages that an attempt loaded.

import { realpathSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { PackageMemory, PackageSeals } from "@memodag/artifact/packages";
import { finish, type Clock } from "@memodag/core";

/**
 * The packages to inspect. Folders are absolute, except those in `named`, which are relative to `root`.
 */
export interface PackagesOrder {
  /** The bundle's folder. */
  readonly root: string;
  /** The file with cached digests, shared between processes. */
  readonly memoryPath: string;
  readonly folders: readonly string[];
  readonly named: readonly (readonly [name: string, from: string])[];
}

/** A package in its real folder, relative to the bundle's folder. */
export interface SeenPackage {
  readonly place: string;
  readonly seal: string;
  readonly changedAt: number;
}

/** The packages found, in the order of the request; `null`: does not exist. */
export interface PackagesAnswer {
  readonly kind: "packages";
  readonly packages: readonly (SeenPackage | null)[];
  readonly named: readonly (string | null)[];
}

/** Inspects packages, and reads those that changed since they were last read. */
export class PackageLooker {
  readonly #clock: Pick<Clock, "now">;
  readonly #memories = new Map<string, PackageMemory>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  look({ root: given, memoryPath, folders, named }: PackagesOrder): PackagesAnswer {
    const root = placeOf(given) ?? given;
    const seals = new PackageSeals(this.#memoryAt(memoryPath));
    const show = (place: string) => relative(root, place).split(sep).join(posix.sep);
    return {
      kind: "packages",
      packages: folders.map((folder) => {
        const place = placeOf(folder);
        return place === null ? null : { place: show(place), ...finish(seals.sealOf(place)) };
      }),
      named: named.map(([name, from]) => {
        const place = seals.placeOf(name, join(root, from));
        return place === null ? null : show(place);
      }),
    };
  }

  #memoryAt(path: string): PackageMemory {
    let memory = this.#memories.get(path);
    if (!memory) this.#memories.set(path, (memory = new PackageMemory(path, this.#clock)));
    return memory;
  }
}

function placeOf(folder: string): string | null {
  try {
    return realpathSync(folder);
  } catch {
    return null;
  }
}
