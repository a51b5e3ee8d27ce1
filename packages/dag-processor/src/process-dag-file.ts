// Takes one Dag file from its source to its Dags. Knows nothing of other files, and stores nothing.

import { dirname, join } from "node:path";
import { materializeArtifact } from "@memodag/artifact";
import {
  sha256,
  type Artifact,
  type DagFileError,
  type Digest,
  type SerializedDag,
  type TaskSourceRecord,
} from "@memodag/core";
import { bundleDagFile, type BundledDagFile } from "./bundling/bundle-dag-file.ts";
import { listPassedOver } from "./bundling/passed-over.ts";
import { findPackageScopes } from "./bundling/package-scopes.ts";
import { readCommands } from "./commands/read-commands.ts";
import type { FileDigests } from "./file-digests.ts";
import { fingerprintOf, NO_FINGERPRINT, type Fingerprint } from "./fingerprint.ts";
import { describeFailure, errorInFile } from "./loading/describe-failure.ts";
import { loadDags, type LoadSurroundings } from "./loading/load-dags.ts";
import type { Lockfile } from "./lockfile.ts";
import { pathInBundle } from "./path-in-bundle.ts";
import { hashSources } from "./source-hashes.ts";

/** What a bundle's files have in common during one pass. */
export interface BundlePass {
  /** Absolute path of the bundle's folder, without symbolic links. */
  readonly root: string;
  /** Where artifacts are kept as files. */
  readonly artifactDir: string;
  readonly lockfile: Lockfile | null;
  readonly digests: FileDigests;
  readonly surroundings: LoadSurroundings;
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
  /** None when what is around the file might mend it: it is tried again at every pass. */
  readonly fingerprint: Fingerprint;
  readonly error: DagFileError;
  readonly warnings: readonly string[];
}

/** What came of a file. */
export type DagFileOutcome = ReadOutcome | BrokenOutcome;

const CONSTRUCTS_DAG = /\bnew\s+Dag\s*[(<]/;

/** Bundles, loads and serialises the Dag file at `path` inside the bundle. */
export async function processDagFile(path: string, pass: BundlePass): Promise<DagFileOutcome> {
  const { root, artifactDir, surroundings } = pass;
  const bundled = await bundleDagFile(root, path);
  if (bundled.kind === "broken") {
    return { ...bundled, fingerprint: NO_FINGERPRINT, warnings: [] };
  }
  const { artifact } = bundled;
  const artifactPath = await materializeArtifact(artifactDir, artifact);
  const baseDir = dirname(join(root, path));
  const loaded = await loadDags({ path: artifactPath, digest: artifact.digest, baseDir }, surroundings);
  const inputs = await listInputs(bundled, pass);
  const fingerprint = fingerprintOf(inputs);
  if (loaded.kind !== "loaded") {
    return {
      kind: "broken",
      // A file that hangs would cost its whole time limit again at every pass.
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
    // The file that is not there may come at any time.
    const error = errorInFile(path, commands.fault);
    return { kind: "broken", fingerprint: NO_FINGERPRINT, error, warnings: bundled.warnings };
  }
  const code = { root, path, bundled, loaded: { ...loaded, dags: commands.dags }, lockfile: pass.lockfile };
  const hashes = hashSources(code);
  return {
    kind: "read",
    fingerprint: fingerprintOf({
      ...inputs,
      files: new Map([...inputs.files, ...commands.files]),
      globs: commands.globs,
    }),
    artifact,
    dags: commands.dags.map((dag) => ({
      ...dag,
      artifactDigest: artifact.digest,
      packages: hashes.packages,
      // What the scheduler carries out itself has no code to hash.
      tasks: dag.tasks.map((task) =>
        task.runStep ? task : { ...task, sourceHash: hashes.of(dag, task.taskId) },
      ),
    })),
    sources: hashes.sources,
    warnings: [...bundled.warnings, ...hashes.warnings, ...commands.warnings],
  };
}

async function listInputs(bundled: BundledDagFile, { root, digests, lockfile }: BundlePass) {
  const scopes = await findPackageScopes(bundled.sources.keys(), digests);
  const files = new Map<string, Digest>(
    [...bundled.sources].map(([path, bytes]) => [pathInBundle(root, path), sha256(bytes)]),
  );
  for (const [path, digest] of scopes.files) files.set(pathInBundle(root, path), digest);
  const absent = scopes.absent.map((path) => pathInBundle(root, path));
  return {
    files,
    // A package.json passed over by a relative import may be one that holds for its folder.
    absent: [...absent, ...listPassedOver(bundled.metafile)].filter((path) => !files.has(path)),
    globs: [],
    lockfile: lockfile?.digest ?? null,
  };
}

/** What is wrong with Dags that could be read, if anything. */
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
  // A file that exports functions may be there to make Dags for others.
  if (ids.length > 0 || !constructed || exportsFunction) return null;
  const line = source.slice(0, constructed.index).split("\n").length;
  return { ...errorInFile(path, `The file exports no Dag: write "export const dag = new Dag(…)"`), line };
}

function textOf({ sources }: BundledDagFile, path: string): string {
  return Buffer.from(sources.get(path) ?? "").toString();
}
