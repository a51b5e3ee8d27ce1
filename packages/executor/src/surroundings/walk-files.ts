// Finds the files that patterns match. Links are followed; anything but regular files is never opened.

import { readdirSync, statSync, lstatSync, type BigIntStats, type Dirent } from "node:fs";
import { posix } from "node:path";
import { isEnteredByGlobstar, segmentMatches, type FilePattern } from "@memodag/core";

/** A path that a pattern matched. */
export type FoundFile =
  | { readonly kind: "file"; readonly absolute: string; readonly stats: BigIntStats }
  | { readonly kind: "folder" }
  /** A dangling link, or one to a folder that contains it. */
  | { readonly kind: "link" };

/** Why a path cannot be an input. */
export class UnreadableInput extends Error {
  readonly path: string;

  constructor(path: string, reason: string) {
    super(reason);
    this.path = path;
  }
}

/**
 * Returns the matches of a pattern below the folder `root`, by path as written in the pattern.
 * @throws UnreadableInput for unreadable paths, and for pipes, sockets and devices
 */
export function walkFiles(root: string, pattern: FilePattern): Map<string, FoundFile> {
  const found = new Map<string, FoundFile>();
  const walk = new Walk(pattern, found);
  walk.visit({ absolute: posix.resolve(root, pattern.base), shown: pattern.base, folders: [] }, 0);
  return found;
}

interface Place {
  readonly absolute: string;
  readonly shown: string;
  /** Identities of the folders that contain it, as far as they were visited. */
  readonly folders: readonly string[];
}

class Walk {
  readonly #pattern: FilePattern;
  readonly #found: Map<string, FoundFile>;
  /** `**` and what follows it list the same folder. */
  readonly #listed = new Map<string, Dirent[]>();

  constructor(pattern: FilePattern, found: Map<string, FoundFile>) {
    this.#pattern = pattern;
    this.#found = found;
  }

  /** Matches the pattern from segment `at` on against a place. */
  visit(place: Place, at: number): void {
    const { segments } = this.#pattern;
    const segment = segments[at];
    if (!segment) {
      this.#take(place);
      return;
    }
    if (segment.kind === "literal") {
      this.visit(below(place, segment.name), at + 1);
      return;
    }
    const inside = this.#enter(place);
    if (!inside) return;
    if (segment.kind === "globstar") this.visit(place, at + 1);
    for (const entry of this.#list(place)) {
      const { name } = entry;
      if (segment.kind === "globstar") {
        if (mayBeFolder(entry) && isEnteredByGlobstar(name)) this.visit(below(inside, name), at);
      } else if (segmentMatches(segment, name)) this.visit(below(inside, name), at + 1);
    }
  }

  /** Adds a file, or a folder with everything in it. */
  #take(place: Place): void {
    const { absolute, shown } = place;
    if (this.#found.has(shown)) return;
    const stats = this.#look(place);
    if (stats === undefined) return;
    if (stats === "link") {
      this.#found.set(shown, { kind: "link" });
    } else if (stats.isFile()) {
      this.#found.set(shown, { kind: "file", absolute, stats });
    } else if (stats.isDirectory()) {
      const inside = entered(place, stats);
      this.#found.set(shown, { kind: inside ? "folder" : "link" });
      if (!inside) return;
      for (const { name } of this.#list(place)) this.#take(below(inside, name));
    } else {
      throw new UnreadableInput(shown, `it is ${kindOf(stats)}`);
    }
  }

  /** Returns the place as a folder to enter, or `undefined` if it is not one or contains itself. */
  #enter(place: Place): Place | undefined {
    const stats = this.#look(place);
    if (stats === undefined || stats === "link" || !stats.isDirectory()) return undefined;
    return entered(place, stats);
  }

  #list({ absolute, shown }: Place): Dirent[] {
    let entries = this.#listed.get(absolute);
    if (entries) return entries;
    try {
      entries = readdirSync(absolute, { withFileTypes: true });
    } catch (error) {
      throw new UnreadableInput(shown, codeOf(error));
    }
    this.#listed.set(absolute, entries);
    return entries;
  }

  /** Follows links. `link`: a dangling link; `undefined`: does not exist. */
  #look({ absolute, shown }: Place): BigIntStats | "link" | undefined {
    try {
      return statSync(absolute, { bigint: true });
    } catch (error) {
      const code = codeOf(error);
      if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "ELOOP") throw new UnreadableInput(shown, code);
    }
    return lstatSync(absolute, { throwIfNoEntry: false }) ? "link" : undefined;
  }
}

function below({ absolute, shown, folders }: Place, name: string): Place {
  const path = shown === "." ? name : `${shown === "/" ? "" : shown}/${name}`;
  return { absolute: `${absolute === "/" ? "" : absolute}/${name}`, shown: path, folders };
}

/** Asking the system for the type of each file would take half of the time. */
function mayBeFolder(entry: Dirent): boolean {
  return !entry.isFile();
}

function entered(place: Place, { dev, ino }: BigIntStats): Place | undefined {
  const identity = `${dev} ${ino}`;
  return place.folders.includes(identity) ? undefined : { ...place, folders: [...place.folders, identity] };
}

function kindOf(stats: BigIntStats): string {
  if (stats.isFIFO()) return "a named pipe";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
