// Seals of installed packages: a digest of a package's content and of the packages that it imports.

import { readFileSync, realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { sha256, type Digest, type Steps } from "@memodag/core";
import type { FolderContents } from "./package-memory.ts";

/** Reads the content of a package's folder. */
export interface FolderReader {
  contentsOf(folder: string): Steps<FolderContents>;
}

/** A package in its folder. */
export interface SealedPackage {
  /**
   * Digest of its files and of the locations of the packages that it may import, as seen from its own
   * folder.
   */
  readonly seal: Digest;
  /** Last change of anything in its folder, in milliseconds since the Unix epoch. */
  readonly changedAt: number;
}

/** Fields of package.json that list packages which its code may import. */
const GROUPS = ["dependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta"] as const;

/** Computes seals of installed packages as of one point in time. Create a new instance to look again. */
export class PackageSeals {
  readonly #reader: FolderReader;
  readonly #sealed = new Map<string, SealedPackage>();
  /** By a package's folder in a node_modules; `null` if it does not exist. */
  readonly #places = new Map<string, string | null>();

  constructor(reader: FolderReader) {
    this.#reader = reader;
  }

  /** @param place absolute path of the package's folder, without symbolic links */
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

  /**
   * Returns the folder, without symbolic links, of the package that a name resolves to in a module of
   * `from`, as Node resolves it.
   */
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
    return []; // Node cannot load it either; its content is part of the digest.
  }
}
