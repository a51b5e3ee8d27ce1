// Finds what file patterns match on the disk. Links are followed; what is no regular file is never opened.

import { readdirSync, statSync, lstatSync, type BigIntStats, type Dirent } from "node:fs";
import { posix } from "node:path";
import { isEnteredByGlobstar, segmentMatches, type FilePattern } from "@memodag/core";

/** A path that a pattern matched. */
export type FoundFile =
  | { readonly kind: "file"; readonly absolute: string; readonly stats: BigIntStats }
  | { readonly kind: "folder" }
  /** A link to nothing, or to a folder that it is in. */
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
 * What a pattern matches below the folder `root`, by path as the pattern is written.
 * @throws UnreadableInput for what cannot be looked at, and for pipes, sockets and devices.
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
  /** Identities of the folders that it is in, as far as they were walked. */
  readonly folders: readonly string[];
}

class Walk {
  readonly #pattern: FilePattern;
  readonly #found: Map<string, FoundFile>;
  /** A `**` and what follows it look at the same folder. */
  readonly #listed = new Map<string, Dirent[]>();

  constructor(pattern: FilePattern, found: Map<string, FoundFile>) {
    this.#pattern = pattern;
    this.#found = found;
  }

  /** Matches what is at a place against the pattern from its segment `at` on. */
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

  /** Takes what is there: a folder with all that is in it. */
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

  /** The place as a folder to go into; `undefined` when it is none, or one that it is in. */
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

  /** Through links; `link` for one that leads nowhere, `undefined` for what is not there. */
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

/** Asking the system about each file whether it is a folder would be half of the work. */
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
