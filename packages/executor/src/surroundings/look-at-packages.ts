// The installed packages that an attempt loaded, as they are now.

import { realpathSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { PackageMemory, PackageSeals } from "@memodag/artifact/packages";
import { finish, type Clock } from "@memodag/core";

/** Which packages to look at. Paths of folders are absolute; those of `named` are relative to `root`. */
export interface PackagesOrder {
  /** The bundle's folder. */
  readonly root: string;
  /** The file in which digests are kept between processes. */
  readonly memoryPath: string;
  readonly folders: readonly string[];
  readonly named: readonly (readonly [name: string, from: string])[];
}

/** A package in the folder that it really lies in, relative to the bundle's. */
export interface SeenPackage {
  readonly place: string;
  readonly seal: string;
  readonly changedAt: number;
}

/** What there was to be seen, each in the order in which it was asked for; `null`: nothing is there. */
export interface PackagesAnswer {
  readonly kind: "packages";
  readonly packages: readonly (SeenPackage | null)[];
  readonly named: readonly (string | null)[];
}

/** Looks at packages, and reads those that changed since they were last read. */
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
