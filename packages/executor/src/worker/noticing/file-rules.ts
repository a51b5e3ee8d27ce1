// Decides which files an attempt may read without a word: those that its key, or its own work, accounts for.

import { tmpdir } from "node:os";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { digestInput } from "@memodag/artifact";
import { DeclaredPaths, type DagInputs, type Digest } from "@memodag/core";
import type { NoticedInputs } from "./noticed-inputs.ts";
import { isWithin, type PackageFolders } from "./package-folders.ts";
import { findReader, isLoader } from "./reader.ts";

/** What is read of a path: what is in it, whether it is there, or which names a folder has. */
export type ReadKind = "content" | "presence" | "listing";

/** Where an attempt's files are, and what was declared. */
export interface FileSurroundings {
  readonly bundleDir: string;
  readonly baseDir: string;
  readonly artifactPath: string;
  /** Patterns relative to the bundle's folder. */
  readonly declared: readonly string[];
  /** Files that the Dag file's code was read with: they are in its hashes. */
  readonly atLoad: DagInputs["files"];
  /** True when the author vouches for files that are read. */
  readonly isTrusted: boolean;
}

/** Devices without a content of their own, time zones and certificates: facts of the runtime, not inputs. */
const SYSTEM = [
  "/dev/null",
  "/dev/zero",
  "/dev/random",
  "/dev/urandom",
  "/etc/localtime",
  "/etc/timezone",
  "/usr/share/zoneinfo",
  "/etc/ssl",
  "/etc/pki",
  "/usr/share/ca-certificates",
];
/** What packages look at to learn on which system they run. */
const PLATFORM = [
  "/usr/bin/ldd",
  "/etc/os-release",
  "/usr/lib/os-release",
  "/etc/alpine-release",
  "/proc/version",
  "/proc/sys",
  "/proc/self/exe",
  "/proc/self/cgroup",
  "/proc/cpuinfo",
  "/proc/meminfo",
  "/sys/fs/cgroup",
  "/.dockerenv",
  "/run/.containerenv",
  "/etc/resolv.conf",
  "/etc/hosts",
];
/** What removes or copies a file looks at it first, or into it. That it was called is noted itself. */
const HELPERS = ["node:internal/fs/rimraf", "node:internal/fs/cp/", "node:internal/fs/utils"];

/** What resolving a path would take away. */
const NOT_PLAIN = /\/(?:\/|\.|$)/;

/** The files of one attempt. */
export class FileRules {
  readonly #surroundings: FileSurroundings;
  readonly #packages: PackageFolders;
  readonly #noticed: NoticedInputs;
  readonly #declared: DeclaredPaths;
  /** By path, with a slash at the end for a folder's list of names. */
  readonly #atLoad: ReadonlyMap<string, Digest | null>;
  /** Of {@link #atLoad}, what was used. */
  readonly #used = new Set<string>();
  /** True while files are read by the functions that are watched, for this one. */
  #isComparing = false;
  /** Folders whose presence says nothing. */
  readonly #folders: readonly string[];
  /** Files and folders that the attempt made. */
  readonly #own = new Set<string>();
  /** Paths that were decided, by kind: most programs read the same few over and over. */
  readonly #decided: Readonly<Record<ReadKind, Set<string>>> = {
    content: new Set(),
    presence: new Set(),
    listing: new Set(),
  };

  constructor(surroundings: FileSurroundings, packages: PackageFolders, noticed: NoticedInputs) {
    const { bundleDir, baseDir, declared, atLoad } = surroundings;
    this.#surroundings = surroundings;
    this.#packages = packages;
    this.#noticed = noticed;
    this.#declared = new DeclaredPaths(bundleDir, declared);
    this.#folders = [tmpdir(), baseDir, bundleDir, ...this.#declared.folders];
    this.#atLoad = new Map(
      atLoad.map(([path, digest]) => [resolve(bundleDir, path) + (path.endsWith("/") ? "/" : ""), digest]),
    );
  }

  /** Takes note of a read by the caller of `called`. `place` is what a function of `node:fs` takes for a path. */
  read(place: unknown, kind: ReadKind, called: (...args: never[]) => unknown): void {
    if (this.#surroundings.isTrusted || this.#isComparing) return;
    const path = pathOf(place);
    if (path === undefined) return;
    // Most reads are of what was declared: that is told by a prefix sooner than from what was decided.
    if (this.#atLoad.size === 0 && this.#isDeclared(path, kind)) return;
    const decided = this.#decided[kind];
    if (decided.has(path)) return;
    if (!this.#isAccountedFor(path, kind)) {
      const reader = findReader(this.#packages, called);
      const { packageName, builtin } = reader;
      // Not decided for good: another reader of the same path may be the author's code.
      if (isLoader(reader) || HELPERS.some((helper) => builtin?.startsWith(helper))) return;
      // A package is in the keys of tasks that import it: what reads it by path may be another one.
      if (packageName !== null && (isBelow(PLATFORM, path) || this.isInstalled(path))) return;
      this.#noticed.addFile(this.nameOf(path, kind), packageName);
    }
    decided.add(path);
  }

  /** Takes note of code that is loaded at run time and lies in no artifact. */
  load(path: string): void {
    if (!this.isInstalled(path) && !this.#isAccountedFor(path, "content"))
      this.#noticed.addFile(this.nameOf(path), null);
  }

  /** True for a file of an installed package, which is then one that was used. */
  isInstalled(path: string): boolean {
    const found = this.#packages.find(path);
    if (found) this.#packages.use(found);
    return found !== null || this.#packages.isOwn(path);
  }

  /** Takes note that the attempt made a file or folder: what it finds there is its own. */
  made(place: unknown): void {
    const path = pathOf(place);
    if (path !== undefined) this.#own.add(path);
  }

  /** True for a path that the attempt made, or that is in a folder that it made. */
  isMade(place: unknown): boolean {
    const path = pathOf(place);
    return path !== undefined && this.#isOwn(path);
  }

  #isAccountedFor(path: string, kind: ReadKind): boolean {
    if (this.#isOwn(path) || path === this.#surroundings.artifactPath) return true;
    // Before all that decides by the path alone: this compares what is there with the key.
    if (this.#isAsAtLoad(kind === "listing" ? `${path}/` : path)) return true;
    if (this.#isDeclared(path, kind)) return true;
    if (kind === "presence" && this.#folders.some((folder) => isWithin(path, folder))) return true;
    return isBelow(SYSTEM, path) || this.#packages.isOwn(path);
  }

  #isDeclared(path: string, kind: ReadKind): boolean {
    return kind === "listing" ? this.#declared.includesAllIn(path) : this.#declared.includes(path);
  }

  /** True for a file of the key; that it is another one now is noted. */
  #isAsAtLoad(path: string): boolean {
    const digest = this.#atLoad.get(path);
    if (digest === undefined) return false;
    this.#used.add(path);
    this.#compare(path, digest);
    return true;
  }

  #compare(path: string, digest: Digest | null): void {
    this.#isComparing = true;
    if (digestInput(path) !== digest) this.#noticed.addChange(this.nameOf(path));
    this.#isComparing = false;
  }

  /** Compares files of the key once more, which may have changed after they were read. */
  compareAgain(): void {
    for (const path of this.#used) this.#compare(path, this.#atLoad.get(path) ?? null);
  }

  #isOwn(path: string): boolean {
    if (this.#own.size === 0) return false;
    for (let at = path.length; at > 0; at = path.lastIndexOf(sep, at - 1)) {
      if (this.#own.has(path.slice(0, at))) return true;
    }
    return false;
  }

  /** A path as people know it: relative to the bundle where it is in it. */
  nameOf(path: string, kind: ReadKind = "content"): string {
    const { bundleDir } = this.#surroundings;
    const shown = isWithin(bundleDir, path) ? relative(bundleDir, path) || "." : path;
    return kind === "listing" ? `${shown}/` : shown;
  }
}

function isBelow(folders: readonly string[], path: string): boolean {
  for (const folder of folders) if (isWithin(folder, path)) return true;
  return false;
}

/** The absolute path that a function of `node:fs` would take an argument for; undefined: none. */
function pathOf(place: unknown): string | undefined {
  try {
    if (typeof place === "string") return isAbsolute(place) && isPlain(place) ? place : resolve(place);
    if (place instanceof Uint8Array) return resolve(Buffer.from(place).toString());
    if (place instanceof URL) return fileURLToPath(place);
  } catch {
    // Node refuses it, too.
  }
  return undefined;
}

/** True for an absolute path that resolving would leave as it is. */
function isPlain(path: string): boolean {
  return !NOT_PLAIN.test(path);
}
