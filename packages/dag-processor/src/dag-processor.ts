// Reads bundles of Dag files into the store, as far as they have changed.

import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { PackageMemory, PackageSeals } from "@memodag/artifact/packages";
import {
  DEFAULT_SECRET_PATTERNS,
  MemodagError,
  realpath,
  systemClock,
  TimeSlice,
  type Clock,
  type DagFile,
  type DagFileError,
  type DagStore,
  type SerializedDag,
} from "@memodag/core";
import { createPackageResolver } from "@memodag/source-hash/packages";
import type { DagBundle } from "./dag-bundle.ts";
import { FileDigests } from "./file-digests.ts";
import { FileMemory } from "./file-memory.ts";
import { findDagFiles, isIgnoredFolder } from "./find-dag-files.ts";
import { arePackagesUnchanged, isUnchanged, listInputPaths } from "./fingerprint.ts";
import { loaderEnvironment } from "./loading/loader-environment.ts";
import { findLockfile } from "./lockfile.ts";
import { NodeModules } from "./packages/installed-files.ts";
import type { BundlePass } from "./process-dag-file.ts";
import { idsOf, refuse, refuseTaken, type ProcessedFile } from "./refuse-taken.ts";

/** Options of a Dag processor. */
export interface DagProcessorOptions {
  readonly store: DagStore;
  /** A local folder in which `artifacts/` is created for artifacts as files. */
  readonly stateDir: string;
  /** Maximum milliseconds to load one file. Default: 30,000. */
  readonly loadTimeoutMs?: number;
  /** Number of files to read concurrently. Default: the number of processors. */
  readonly concurrency?: number;
  /** Names whose values are redacted in errors. Default: names that look like secrets. */
  readonly secretPatterns?: readonly string[];
  readonly clock?: Clock;
  /** Returns why a Dag cannot be used by a team here, as a sentence; undefined: it can. Default: any Dag can. */
  readonly findFault?: (team: string, dag: SerializedDag) => string | undefined;
}

/** The outcome of one Dag file in a pass. */
export type FileSummary =
  | { readonly kind: "unchanged"; readonly path: string }
  | { readonly kind: "read"; readonly path: string; readonly dagIds: readonly string[] }
  | { readonly kind: "broken"; readonly path: string; readonly error: DagFileError };

/** The outcome of a bundle in a pass. */
export interface BundleSummary {
  readonly bundle: string;
  /** Sorted by path. */
  readonly files: readonly FileSummary[];
  /**
   * Absolute paths of files outside the bundle's folder, or hidden in it, that its Dags are built from.
   */
  readonly outside: readonly string[];
  readonly durationMs: number;
}

/** Processes bundles. */
export class DagProcessor {
  readonly #store: DagStore;
  readonly #artifactDir: string;
  readonly #loadTimeoutMs: number;
  readonly #concurrency: number;
  readonly #secretPatterns: readonly string[];
  readonly #clock: Clock;
  readonly #findFault: NonNullable<DagProcessorOptions["findFault"]>;
  readonly #packageMemory: PackageMemory;
  readonly #fileMemory: FileMemory;
  #lastPass: Promise<unknown> = Promise.resolve();

  constructor(options: DagProcessorOptions) {
    this.#store = options.store;
    this.#artifactDir = join(options.stateDir, "artifacts");
    this.#loadTimeoutMs = options.loadTimeoutMs ?? 30_000;
    this.#concurrency = options.concurrency ?? availableParallelism();
    this.#secretPatterns = options.secretPatterns ?? DEFAULT_SECRET_PATTERNS;
    this.#clock = options.clock ?? systemClock;
    this.#findFault = options.findFault ?? (() => undefined);
    this.#packageMemory = new PackageMemory(join(options.stateDir, "packages.json"), this.#clock);
    this.#fileMemory = new FileMemory(join(options.stateDir, "files.json"), this.#clock);
  }

  /** Processes all bundles of the config, and removes those that are not in it. */
  async processBundles(bundles: readonly DagBundle[]): Promise<BundleSummary[]> {
    await this.forgetOtherBundles(bundles);
    return await Promise.all(bundles.map((bundle) => this.processBundle(bundle)));
  }

  /** Removes files, and their Dags, of bundles that are no longer in the config. */
  async forgetOtherBundles(bundles: readonly DagBundle[]): Promise<void> {
    const configured = new Set(bundles.map(({ name }) => name));
    const known = new Set((await this.#store.listDagFiles()).map(({ bundle }) => bundle));
    for (const name of known) {
      if (!configured.has(name)) await this.#store.removeDagFilesExcept(name, []);
    }
  }

  /**
   * Reads the new and changed files of a bundle, stores the outcome of each, and removes files that no
   * longer
   * exist. A broken file is stored with its error and keeps its last good Dags; other files are not
   * affected.
   * Passes run one after another, in the order of the calls.
   * @throws MemodagError `config_invalid` if the bundle's folder cannot be read
   */
  processBundle(bundle: DagBundle): Promise<BundleSummary> {
    // Concurrent passes could give one Dag id to two files.
    const pass = this.#lastPass.then(() => this.#process(bundle));
    this.#lastPass = pass.catch(() => {});
    return pass;
  }

  async #process(bundle: DagBundle): Promise<BundleSummary> {
    const started = this.#clock.monotonic();
    const digests = new FileDigests(this.#fileMemory);
    const paths = await findDagFiles(resolve(bundle.path), digests);
    const root = await realpath(bundle.path);
    const pass = await this.#startPass(root, digests);
    await this.#store.removeDagFilesExcept(bundle.name, paths);
    const stored = new Map((await this.#store.listDagFiles(bundle.name)).map((file) => [file.path, file]));
    const changed = await this.#findChanged(paths, bundle, pass, stored);
    const processed = (await this.#processAll(changed, pass)).map((file) => this.#judge(file, bundle.team));
    const saved = await this.#saveAll(bundle, processed);
    this.#packageMemory.save();
    this.#fileMemory.save();
    const summaries = new Map(saved.map((summary) => [summary.path, summary]));
    return {
      bundle: bundle.name,
      files: paths.map((path) => summaries.get(path) ?? { kind: "unchanged", path }),
      outside: listOutside(root, pass, processed, stored),
      durationMs: this.#clock.monotonic() - started,
    };
  }

  async #startPass(root: string, digests: FileDigests): Promise<BundlePass> {
    const installed = new NodeModules(this.#packageMemory);
    return {
      root,
      artifactDir: this.#artifactDir,
      lockfile: await findLockfile(root, digests),
      digests,
      env: loaderEnvironment(process.env),
      installed,
      packages: createPackageResolver(installed),
      seals: new PackageSeals(installed),
      surroundings: { cwd: root, timeoutMs: this.#loadTimeoutMs, clock: this.#clock },
      secretPatterns: this.#secretPatterns,
    };
  }

  async #findChanged(
    paths: readonly string[],
    { team }: DagBundle,
    pass: BundlePass,
    stored: ReadonlyMap<string, DagFile>,
  ): Promise<string[]> {
    const same = await Promise.all(
      paths.map(async (path) => {
        const file = stored.get(path);
        return file?.team === team && (await isUnchanged(file, pass)) ? file : null;
      }),
    );
    // One after another: this is the long part, and it has to yield to other work.
    const slice = new TimeSlice();
    const changed: string[] = [];
    for (const [index, path] of paths.entries()) {
      const file = same[index];
      if (!file || !(await arePackagesUnchanged(file, pass, slice))) changed.push(path);
    }
    return changed;
  }

  async #processAll(paths: readonly string[], pass: BundlePass): Promise<ProcessedFile[]> {
    if (paths.length === 0) return [];
    // Loads the bundler and the parser, which take longer than finding out that nothing has changed.
    const { processDagFile } = await import("./process-dag-file.ts");
    const processed: ProcessedFile[] = [];
    const queue = paths.values();
    const worker = async (): Promise<void> => {
      for (const path of queue) processed.push({ path, outcome: await processDagFile(path, pass) });
    };
    await Promise.all(Array.from({ length: Math.min(this.#concurrency, paths.length) }, worker));
    return processed.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #judge(file: ProcessedFile, team: string): ProcessedFile {
    if (file.outcome.kind === "broken") return file;
    for (const dag of file.outcome.dags) {
      const fault = this.#findFault(team, dag);
      if (fault !== undefined) return refuse(file, fault);
    }
    return file;
  }

  async #saveAll(bundle: DagBundle, processed: readonly ProcessedFile[]): Promise<FileSummary[]> {
    if (processed.length === 0) return [];
    const summaries: FileSummary[] = [];
    let waiting = refuseTaken(bundle.name, processed, await this.#store.listDags(bundle.team));
    while (waiting.length > 0) {
      const conflicts: { readonly file: ProcessedFile; readonly message: string }[] = [];
      for (const file of waiting) {
        const message = await this.#trySave(bundle, file);
        if (message === null) summaries.push(summarize(file));
        else conflicts.push({ file, message });
      }
      // A file saved in this round may have released the id that another waits for. If none was saved,
      // another process owns the id, or two files wait for each other.
      const stuck = conflicts.length === waiting.length;
      waiting = conflicts.map(({ file, message }) => (stuck ? refuse(file, message) : file));
    }
    return summaries;
  }

  /**
   * Resolves to the message if the file's Dags belong to another file by now, and to `null` if it was
   * saved.
   */
  async #trySave({ name, team }: DagBundle, { path, outcome }: ProcessedFile): Promise<string | null> {
    const file = { bundle: name, path, team, ...outcome.fingerprint, warnings: outcome.warnings };
    try {
      await this.#store.saveDagFile(
        outcome.kind === "read"
          ? { kind: "read", file, artifact: outcome.artifact, dags: outcome.dags, sources: outcome.sources }
          : { kind: "broken", file, error: outcome.error },
      );
      return null;
    } catch (error) {
      if (error instanceof MemodagError && error.code === "dag_file_invalid") return error.message;
      throw error;
    }
  }
}

function summarize({ path, outcome }: ProcessedFile): FileSummary {
  return outcome.kind === "read"
    ? { kind: "read", path, dagIds: idsOf(outcome) }
    : { kind: "broken", path, error: outcome.error };
}

/** True for paths that are not watched with the bundle's folder. */
function isOutOfSight(path: string): boolean {
  return path.startsWith("../") || path.split("/").some(isIgnoredFolder);
}

function listOutside(
  root: string,
  { lockfile }: BundlePass,
  processed: readonly ProcessedFile[],
  stored: ReadonlyMap<string, DagFile>,
): string[] {
  const fresh = processed.map(({ outcome }) => outcome.fingerprint);
  const inputs = [...stored.values(), ...fresh].flatMap(listInputPaths);
  const outside = new Set(inputs.filter(isOutOfSight).map((path) => resolve(root, path)));
  if (lockfile && !lockfile.path.startsWith(join(root, "/"))) outside.add(lockfile.path);
  return [...outside].sort();
}
