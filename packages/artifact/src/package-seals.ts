// Seals of installed packages: what is in one, and which others it gets when it imports them.

import { readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { sha256, type Digest, type Steps } from "@memodag/core";
import type { FolderContents } from "./package-memory.ts";

/** Tells what is in a package's folder. */
export interface FolderReader {
  contentsOf(folder: string): Steps<FolderContents>;
}

/** A package as it lies in its folder. */
export interface SealedPackage {
  /** Of its files, and of where the packages lie that it may import, seen from its own folder. */
  readonly seal: Digest;
  /** When something in its folder last changed, in milliseconds since the Unix epoch. */
  readonly changedAt: number;
}

/** Groups of a package.json that name packages which its code may import. */
const GROUPS = ["dependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta"] as const;

/** Looks at installed packages once. Make another one for another look. */
export class PackageSeals {
  readonly #reader: FolderReader;
  readonly #sealed = new Map<string, SealedPackage>();
  /** By a package's folder in some node_modules; `null`: there is none. */
  readonly #places = new Map<string, string | null>();

  constructor(reader: FolderReader) {
    this.#reader = reader;
  }

  /** @param place the package's folder, absolute and without symbolic links. */
  *sealOf(place: string): Steps<SealedPackage> {
    const known = this.#sealed.get(place);
    if (known) return known;
    const { digest, imports, changedAt } = yield* this.#reader.contentsOf(place);
    const names = [...new Set([...listDependencies(place), ...imports])].sort();
    const edges = names.map((name) => {
      const found = this.placeOf(name, place);
      return [name, found === null ? null : relative(place, found)];
    });
    const sealed = { seal: sha256(JSON.stringify([digest, edges])), changedAt };
    this.#sealed.set(place, sealed);
    return sealed;
  }

  /** The folder, without symbolic links, of the package that a name means in a module of `from`, as Node finds it. */
  placeOf(name: string, from: string): string | null {
    for (let folder = from; ; folder = dirname(folder)) {
      if (!folder.endsWith(`${sep}node_modules`)) {
        const found = this.#at(join(folder, "node_modules", name));
        if (found !== null) return found;
      }
      if (folder === dirname(folder)) return null;
    }
  }

  #at(folder: string): string | null {
    let place = this.#places.get(folder);
    if (place === undefined) {
      try {
        place = dirname(realpathSync(join(folder, "package.json")));
      } catch {
        place = null;
      }
      this.#places.set(folder, place);
    }
    return place;
  }
}

function listDependencies(place: string): string[] {
  try {
    const manifest = JSON.parse(readFileSync(join(place, "package.json"), "utf8")) as Partial<
      Record<(typeof GROUPS)[number], object>
    > | null;
    return GROUPS.flatMap((group) => Object.keys(manifest?.[group] ?? {}));
  } catch {
    return []; // Node cannot load it either; its text is in the digest.
  }
}
