// Decides which files an attempt may read without notice: those that its key, or its own work, accounts
// for.

import { tmpdir } from "node:os";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { digestInput } from "@memodag/artifact";
import { DeclaredPaths, type DagInputs, type Digest } from "@memodag/core";
import type { NoticedInputs } from "./noticed-inputs.ts";
import { isWithin, type PackageFolders } from "./package-folders.ts";
import { findReader, isLoader } from "./reader.ts";

/** The kind of a read: the content of a path, its existence, or the names in a folder. */
export type ReadKind = "content" | "presence" | "listing";

/** The locations of an attempt's files, and its declarations. */
export interface FileSurroundings {
  readonly bundleDir: string;
  readonly baseDir: string;
  readonly artifactPath: string;
  /** Patterns relative to the bundle's folder. */
  readonly declared: readonly string[];
  /** Files with which the Dag file's code was read: they are part of its hashes. */
  readonly atLoad: DagInputs["files"];
  /** True if the author vouches for files that are read. */
  readonly isTrusted: boolean;
}

/**
 * Devices without content of their own, time zones and certificates: properties of the runtime, not
 * inputs.
 */
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
/** Files by which packages detect the system. */
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
/** Functions that remove or copy a file first check or read it. Their call is noticed itself. */
const HELPERS = ["node:internal/fs/rimraf", "node:internal/fs/cp/", "node:internal/fs/utils"];

/** Parts that resolving a path would remove. */
const NOT_PLAIN = /\/(?:\/|\.|$)/;

/** The files of one attempt. */
export class FileRules {
  readonly #surroundings: FileSurroundings;
  readonly #packages: PackageFolders;
  readonly #noticed: NoticedInputs;
  readonly #declared: DeclaredPaths;
  /** By path; a trailing slash marks a folder's list of names. */
  readonly #atLoad: ReadonlyMap<string, Digest | null>;
  /** The entries of {@link #atLoad} that were used. */
  readonly #used = new Set<string>();
  /** True while this class itself reads files with the tracked functions. */
  #isComparing = false;
  /** Folders whose existence reveals nothing. */
  readonly #folders: readonly string[];
  /** Files and folders that the attempt created. */
  readonly #own = new Set<string>();
  /** Decided paths, by kind: most programs read the same few paths repeatedly. */
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

  /**
   * Notices a read by the caller of `called`. `place` is the path argument of a function of `node:fs`.
   */
  read(place: unknown, kind: ReadKind, called: (...args: never[]) => unknown): void {
    if (this.#surroundings.isTrusted || this.#isComparing) return;
    const path = pathOf(place);
    if (path === undefined) return;
    // Most reads are of declared files, which a prefix check decides fastest.
    if (this.#atLoad.size === 0 && this.#isDeclared(path, kind)) return;
    const decided = this.#decided[kind];
    if (decided.has(path)) return;
    if (!this.#isAccountedFor(path, kind)) {
      const reader = findReader(this.#packages, called);
      const { packageName, builtin } = reader;
      // Not cached, because another reader of the same path may be the author's code.
      if (isLoader(reader) || HELPERS.some((helper) => builtin?.startsWith(helper))) return;
      // A package is part of the keys of tasks that import it; what reads it by path may be another task.
      if (packageName !== null && (isBelow(PLATFORM, path) || this.isInstalled(path))) return;
      this.#noticed.addFile(this.nameOf(path, kind), packageName);
    }
    decided.add(path);
  }

  /** Notices code that is loaded at run time and is not part of an artifact. */
  load(path: string): void {
    if (!this.isInstalled(path) && !this.#isAccountedFor(path, "content"))
      this.#noticed.addFile(this.nameOf(path), null);
  }

  /** True for a file of an installed package, which then counts as used. */
  isInstalled(path: string): boolean {
    const found = this.#packages.find(path);
    if (found) this.#packages.use(found);
    return found !== null || this.#packages.isOwn(path);
  }

  /** Records that the attempt created a file or folder, whose content is then its own. */
  made(place: unknown): void {
    const path = pathOf(place);
    if (path !== undefined) this.#own.add(path);
  }

  /** Forgets the files of an attempt, whose process gets another one. */
  forgetAttempt(): void {
    this.#own.clear();
    for (const decided of Object.values(this.#decided)) decided.clear();
  }

  /** True for a path that the attempt created, or that is in a folder that it created. */
  isMade(place: unknown): boolean {
    const path = pathOf(place);
    return path !== undefined && this.#isOwn(path);
  }

  #isAccountedFor(path: string, kind: ReadKind): boolean {
    if (this.#isOwn(path) || path === this.#surroundings.artifactPath) return true;
    // First of all, because this compares the current content with the key.
    if (this.#isAsAtLoad(kind === "listing" ? `${path}/` : path)) return true;
    if (this.#isDeclared(path, kind)) return true;
    if (kind === "presence" && this.#folders.some((folder) => isWithin(path, folder))) return true;
    return isBelow(SYSTEM, path) || this.#packages.isOwn(path);
  }

  #isDeclared(path: string, kind: ReadKind): boolean {
    return kind === "listing" ? this.#declared.includesAllIn(path) : this.#declared.includes(path);
  }

  /** True for a file of the key. If it has changed, that is noticed. */
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

  /** Compares files of the key again, which may have changed after they were read. */
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

  /** Returns a path for messages: relative to the bundle if it is inside. */
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

/** Returns the absolute path of an argument of a function of `node:fs`, or undefined. */
function pathOf(place: unknown): string | undefined {
  try {
    if (typeof place === "string") return isAbsolute(place) && isPlain(place) ? place : resolve(place);
    if (place instanceof Uint8Array) return resolve(Buffer.from(place).toString());
    if (place instanceof URL) return fileURLToPath(place);
  } catch {
    // Node rejects it, too.
  }
  return undefined;
}

/** True for an absolute path that resolving would not change. */
function isPlain(path: string): boolean {
  return !NOT_PLAIN.test(path);
}
