// Processes one Dag file from source to Dags, independently of other files and without storing anything.

import { dirname, join } from "node:path";
import { materializeArtifact } from "@memodag/artifact/materialize-artifact";
import type { PackageSeals } from "@memodag/artifact/packages";
import {
  sha256,
  type Artifact,
  type DagFileError,
  type Digest,
  type SerializedDag,
  type TaskSourceRecord,
} from "@memodag/core";
import type { InstalledFiles, PackageResolver } from "@memodag/source-hash";
import { bundleDagFile, type BundledDagFile } from "./bundling/bundle-dag-file.ts";
import { followFiles, type FollowedFiles } from "./bundling/followed-files.ts";
import { findImportPlaces } from "./bundling/passed-over.ts";
import { findPackageScopes } from "./bundling/package-scopes.ts";
import { readCommands } from "./commands/read-commands.ts";
import type { FileDigests } from "./file-digests.ts";
import {
  fingerprintOf,
  NO_FINGERPRINT,
  type Fingerprint,
  type InputDigest,
  type ProcessingInputs,
} from "./fingerprint.ts";
import { describeFailure, errorInFile } from "./loading/describe-failure.ts";
import { loadDags, type LoadSurroundings } from "./loading/load-dags.ts";
import type { NotedInputs } from "./loading/note-inputs.ts";
import type { Lockfile } from "./lockfile.ts";
import { lookAtPackages, sealPackages } from "./dag-packages.ts";
import { pathInBundle } from "./path-in-bundle.ts";
import { findReuseFault } from "./refuse-reuse.ts";
import { hashSources } from "./source-hashes.ts";

/** The shared context of a bundle's files during one pass. */
export interface BundlePass {
  /** Absolute path of the bundle's folder, without symbolic links. */
  readonly root: string;
  /** The folder of artifact files. */
  readonly artifactDir: string;
  readonly lockfile: Lockfile | null;
  readonly digests: FileDigests;
  /** The environment in which Dag files are read. */
  readonly env: NodeJS.ProcessEnv;
  readonly installed: InstalledFiles;
  readonly packages: PackageResolver;
  readonly seals: PackageSeals;
  readonly surroundings: LoadSurroundings;
  /** Names whose values are redacted in errors. */
  readonly secretPatterns: readonly string[];
}

/** A file that was read. */
export interface ReadOutcome {
  readonly kind: "read";
  readonly fingerprint: Fingerprint;
  readonly artifact: Artifact;
  readonly dags: readonly SerializedDag[];
  readonly sources: readonly TaskSourceRecord[];
  readonly warnings: readonly string[];
}

/** A file that could not be read. */
export interface BrokenOutcome {
  readonly kind: "broken";
  /**
   * {@link NO_FINGERPRINT} if a change outside the file might fix it: then it is tried again at every
   * pass.
   */
  readonly fingerprint: Fingerprint;
  readonly error: DagFileError;
  readonly warnings: readonly string[];
}

/** The outcome of a file. */
export type DagFileOutcome = ReadOutcome | BrokenOutcome;

const CONSTRUCTS_DAG = /\bnew\s+Dag\s*[(<]/;

/** Bundles, loads and serializes the Dag file at `path` inside the bundle. */
export async function processDagFile(path: string, pass: BundlePass): Promise<DagFileOutcome> {
  const { root, artifactDir, surroundings, secretPatterns } = pass;
  const bundled = await bundleDagFile(root, path);
  if (bundled.kind === "broken") {
    return { ...bundled, fingerprint: NO_FINGERPRINT, warnings: [] };
  }
  const { artifact } = bundled;
  const artifactPath = await materializeArtifact(artifactDir, artifact);
  const baseDir = dirname(join(root, path));
  const { digest } = artifact;
  const loaded = await loadDags({ path: artifactPath, digest, baseDir, secretPatterns }, surroundings);
  const noted = loaded.kind === "loaded" ? loaded.noted : null;
  const followed = await followFiles(bundled.sources);
  const inputs = await listInputs(path, bundled, noted, followed, pass);
  const fingerprint = fingerprintOf(inputs);
  if (loaded.kind !== "loaded") {
    return {
      kind: "broken",
      // Retrying a file that hangs would take its whole time limit at every pass.
      fingerprint: loaded.kind === "timed_out" ? fingerprint : NO_FINGERPRINT,
      error: describeFailure(loaded, {
        root,
        path,
        source: textOf(bundled, join(root, path)),
        sources: bundled.sources,
        timeoutMs: surroundings.timeoutMs,
      }),
      warnings: bundled.warnings,
    };
  }
  const fault = findFault(loaded.dags, path, pass, bundled, loaded.exportsFunction);
  if (fault) return { kind: "broken", fingerprint, error: fault, warnings: bundled.warnings };

  const commands = await readCommands(loaded.dags, { root, path, digests: pass.digests });
  if (commands.fault !== null) {
    // The missing file may be created at any time.
    const error = errorInFile(path, commands.fault);
    return { kind: "broken", fingerprint: NO_FINGERPRINT, error, warnings: bundled.warnings };
  }
  const code = {
    root,
    path,
    bundled,
    loaded: { ...loaded, dags: commands.dags },
    installed: pass.installed,
    packages: pass.packages,
    read: inputs.read,
    followed,
  };
  await lookAtPackages(code);
  const hashes = hashSources(code);
  const kept = findReuseFault(path, hashes.kept);
  if (kept) return { kind: "broken", fingerprint, error: kept, warnings: bundled.warnings };
  const installed = await sealPackages(hashes, root, pass.seals);
  return {
    kind: "read",
    fingerprint: isStill(loaded.noted)
      ? fingerprintOf({
          ...inputs,
          files: new Map([...inputs.files, ...commands.files]),
          globs: commands.globs,
          absent: [...inputs.absent, ...commands.absent].filter((absent) => !commands.files.has(absent)),
          packages: hashes.inputs,
          links: new Map([...inputs.links, ...(await findLinks(commands.files.keys(), pass))]),
        })
      : NO_FINGERPRINT,
    artifact,
    dags: commands.dags.map((dag) => ({
      ...dag,
      artifactDigest: artifact.digest,
      packages: hashes.packages,
      ...(installed && { installed }),
      ...describeInputs(inputs, loaded.noted),
      // A step that the scheduler carries out itself has no code to hash, and a person's answer is not cached.
      tasks: dag.tasks.map((task) =>
        task.runStep || task.hitl ? task : { ...task, ...hashes.of(dag, task) },
      ),
    })),
    sources: hashes.sources,
    warnings: [...bundled.warnings, ...hashes.warnings, ...commands.warnings],
  };
}

async function listInputs(
  path: string,
  bundled: BundledDagFile,
  noted: NotedInputs | null,
  followed: FollowedFiles,
  { root, digests, lockfile }: BundlePass,
): Promise<ProcessingInputs> {
  const scopes = await findPackageScopes(bundled.sources.keys(), digests);
  const files = new Map<string, Digest>(
    [...bundled.sources].map(([source, bytes]) => [pathInBundle(root, source), sha256(bytes)]),
  );
  for (const [scope, digest] of scopes.files) files.set(pathInBundle(root, scope), digest);
  const { passedOver, links } = await findImportPlaces(bundled.metafile, { root, entry: path, digests });
  const absent = scopes.absent.map((scope) => pathInBundle(root, scope));
  return {
    files,
    // A package.json that a relative import skipped may be the one that applies to its folder.
    absent: [...absent, ...passedOver].filter((passed) => !files.has(passed)),
    links,
    globs: [],
    lockfile: lockfile?.digest ?? null,
    // Files read while loading are recorded with their content at that time.
    read: Array.from(new Map([...followed.files, ...(noted?.files ?? [])]), ([file, digest]): InputDigest => {
      return [nameInput(root, file), digest];
    }).sort(([a], [b]) => (a < b ? -1 : 1)),
    env: noted?.env ?? [],
    packages: [],
  };
}

/** The inputs that processes running the code compare with the current ones. */
function describeInputs(
  { read, env }: ProcessingInputs,
  { listsAll }: NotedInputs,
): Pick<SerializedDag, "inputs"> {
  // Packages that look for their variables list all of them: the variables that they then read are
  // recorded by name.
  const named = listsAll ? env : env.filter(([name]) => name !== "*");
  return read.length + named.length > 0 ? { inputs: { files: read, env: named } } : {};
}

/** False if something that the file read has changed since: it has to be read again. */
function isStill({ changed }: NotedInputs): boolean {
  return changed.length === 0;
}

/** Like `pathInBundle`, but keeps the trailing slash that marks a listed folder. */
function nameInput(root: string, path: string): string {
  return pathInBundle(root, path) + (path.endsWith("/") ? "/" : "");
}

/** Returns the links among some files and their folders, by path relative to the bundle's folder. */
async function findLinks(
  paths: Iterable<string>,
  { root, digests }: BundlePass,
): Promise<Map<string, string>> {
  const links = new Map<string, string>();
  for (const asked of new Set(Array.from(paths, (path) => [path, dirname(path)]).flat())) {
    const place = await digests.placeOf(join(root, asked));
    const found = place === null ? asked : pathInBundle(root, place);
    if (found !== pathInBundle(root, join(root, asked))) links.set(asked, found);
  }
  return links;
}

/** Returns a fault of Dags that could be read, or null. */
function findFault(
  dags: readonly SerializedDag[],
  path: string,
  { root }: BundlePass,
  bundled: BundledDagFile,
  exportsFunction: boolean,
): DagFileError | null {
  const ids = dags.map(({ dagId }) => dagId);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) {
    return errorInFile(path, `The file exports two Dags with the id "${twice}": give one of them another id`);
  }
  const source = textOf(bundled, join(root, path));
  const constructed = CONSTRUCTS_DAG.exec(source);
  // A file that exports functions may be meant to create Dags for others.
  if (ids.length > 0 || !constructed || exportsFunction) return null;
  const line = source.slice(0, constructed.index).split("\n").length;
  return { ...errorInFile(path, `The file exports no Dag: add "export const dag = new Dag(…)"`), line };
}

function textOf({ sources }: BundledDagFile, path: string): string {
  return Buffer.from(sources.get(path) ?? "").toString();
}
