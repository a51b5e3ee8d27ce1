// The inputs that a Dag file was built from, and whether any of them has changed since.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { digestVariable } from "@memodag/artifact/input-digest";
import { finishInSlices, sha256, type DagFile, type Digest, type TimeSlice } from "@memodag/core";
import { listCommandSources } from "@memodag/sdk/command-sources";
import { HASHER_VERSION, type InstalledFiles, type PackageResolver } from "@memodag/source-hash/packages";
import type { FileDigests } from "./file-digests.ts";

/** Increment when the same inputs would give another artifact or another serialized Dag. */
const OUTPUT_VERSION = 4;

const { version: packageVersion } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { version: string };

// Read, and not imported: loading the bundler takes longer than comparing a hundred files.
const { version: esbuildVersion } = createRequire(import.meta.url)("esbuild/package.json") as {
  version: string;
};

const PROCESSOR = `${packageVersion}/${OUTPUT_VERSION}/hasher ${HASHER_VERSION}/esbuild ${esbuildVersion}`;

/** Everything that was read while processing a Dag file. Paths are relative to the bundle's folder. */
export interface ProcessingInputs {
  readonly files: ReadonlyMap<string, Digest>;
  /** Missing paths at which a new file would be used instead. */
  readonly absent: readonly string[];
  /** The files that match the sources of commands. */
  readonly globs: readonly GlobInput[];
  /** Digest of the lockfile; `null` if there is none. */
  readonly lockfile: Digest | null;
  /** Targets of links in requested paths. */
  readonly links: ReadonlyMap<string, string>;
  /** Files that were read while the Dag file was loaded, and files that its code loads by path. */
  readonly read: readonly InputDigest[];
  /** Variables that were read while the file was loaded. */
  readonly env: readonly InputDigest[];
  readonly packages: readonly PackageInput[];
}

/**
 * A package as found: by name from a folder, or, if it was loaded in another way, in the folder itself.
 */
export type PackageInput = readonly [folder: string, name: string | null, digest: Digest];

/** A path or a variable's name, and its digest; `null` if it did not exist. */
export type InputDigest = readonly [name: string, digest: Digest | null];

/** Globs and the files that they matched. */
export interface GlobInput {
  /** The folder that patterns and paths are relative to; itself relative to the bundle's folder. */
  readonly folder: string;
  readonly patterns: readonly string[];
  /** By pattern. */
  readonly paths: readonly (readonly string[])[];
}

/** A fingerprint and its inputs, as stored in a Dag file's row. */
export type Fingerprint = Pick<DagFile, "fingerprint" | "inputs">;

/** The fingerprint of a file that has to be processed again in any case. */
export const NO_FINGERPRINT: Fingerprint = { fingerprint: "", inputs: "" };

interface RecordedInputs {
  readonly processor: string;
  readonly lockfile: Digest | null;
  readonly files: readonly (readonly [path: string, digest: Digest])[];
  readonly absent: readonly string[];
  /** Left out if there are none. */
  readonly globs?: readonly GlobInput[];
  readonly links?: readonly (readonly [path: string, place: string])[];
  readonly read?: readonly InputDigest[];
  readonly env?: readonly InputDigest[];
  readonly packages?: readonly PackageInput[];
}

/** The current state with which a stored fingerprint is compared. */
export interface FingerprintSurroundings {
  /** Absolute path of the bundle's folder, without symbolic links. */
  readonly root: string;
  readonly lockfile: { readonly digest: Digest } | null;
  readonly digests: FileDigests;
  /** The environment in which Dag files are read. */
  readonly env: NodeJS.ProcessEnv;
  /** Packages as currently installed. */
  readonly packages: PackageResolver;
  readonly installed: InstalledFiles;
}

/** Computes the fingerprint of the inputs. */
export function fingerprintOf(read: ProcessingInputs): Fingerprint {
  const recorded: RecordedInputs = {
    processor: PROCESSOR,
    lockfile: read.lockfile,
    files: [...read.files].sort(([a], [b]) => (a < b ? -1 : 1)),
    absent: [...new Set(read.absent)].sort(),
    ...(read.globs.length > 0 && { globs: read.globs }),
    ...(read.links.size > 0 && { links: [...read.links].sort(([a], [b]) => (a < b ? -1 : 1)) }),
    ...(read.read.length > 0 && { read: read.read }),
    ...(read.env.length > 0 && { env: read.env }),
    ...(read.packages.length > 0 && { packages: read.packages }),
  };
  const inputs = JSON.stringify(recorded);
  return { fingerprint: sha256(inputs), inputs };
}

/**
 * True if processing the file again would read exactly the same inputs as when `stored` was computed, not
 * counting its packages.
 */
export async function isUnchanged(
  stored: Fingerprint,
  { root, lockfile, digests, env }: FingerprintSurroundings,
): Promise<boolean> {
  if (stored.fingerprint === "") return false;
  const recorded = JSON.parse(stored.inputs) as RecordedInputs;
  if (recorded.processor !== PROCESSOR || recorded.lockfile !== (lockfile?.digest ?? null)) return false;
  if (!(recorded.env ?? []).every(([name, digest]) => digestVariable(env, name) === digest)) return false;
  const links = new Map(recorded.links);
  const same = await Promise.all([
    ...recorded.files.map(async ([path, digest]) => (await digests.of(join(root, path))) === digest),
    // A new link in a path: a file there imports its neighbours from elsewhere.
    ...recorded.files.map(async ([path]) => {
      const folder = dirname(path);
      return (await digests.placeOf(join(root, folder))) === join(root, links.get(folder) ?? folder);
    }),
    ...recorded.absent.map(async (path) => (await digests.of(join(root, path))) === null),
    ...Array.from(
      links,
      async ([path, place]) => (await digests.placeOf(join(root, path))) === join(root, place),
    ),
  ]);
  if (!same.every(Boolean)) return false;
  // `join` keeps the trailing slash, which marks a listed folder.
  if (!(recorded.read ?? []).every(([path, digest]) => digests.ofInput(join(root, path)) === digest))
    return false;
  const globs = await Promise.all((recorded.globs ?? []).map((glob) => matchesAsBefore(glob, root)));
  return globs.every(Boolean);
}

/** True if the packages of a stored fingerprint are unchanged. */
export async function arePackagesUnchanged(
  stored: Fingerprint,
  { root, packages, installed }: FingerprintSurroundings,
  slice: TimeSlice,
): Promise<boolean> {
  const recorded = JSON.parse(stored.inputs) as RecordedInputs;
  for (const [folder, name, digest] of recorded.packages ?? []) {
    const place = join(root, folder);
    const now =
      name === null
        ? await finishInSlices(installed.contentsOf(place), slice)
        : await packages.identifyInSlices(name, place, slice);
    if (now.digest !== digest) return false;
  }
  return true;
}

async function matchesAsBefore({ folder, patterns, paths }: GlobInput, root: string): Promise<boolean> {
  const found = await listCommandSources(join(root, folder), patterns);
  return JSON.stringify(patterns.map((pattern) => found.get(pattern))) === JSON.stringify(paths);
}

/** Returns the paths of the files and links of a stored fingerprint, relative to the bundle's folder. */
export function listInputPaths(stored: Fingerprint): string[] {
  if (stored.inputs === "") return [];
  const { files, links = [], read = [] } = JSON.parse(stored.inputs) as RecordedInputs;
  return [...files, ...links, ...read].map(([path]) => path);
}
