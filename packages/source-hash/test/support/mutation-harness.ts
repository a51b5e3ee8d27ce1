// Mutates a project, runs every task before and after, and holds the hashes against the outputs.

import type { LocatedHandlers } from "@memodag/source-hash";
import { bundleProject, type BundledProject, type ProjectFiles } from "./bundle-project.ts";
import { makeMutants, type Mutant } from "./mutants.ts";
import {
  collectInputs,
  locate,
  runTasks,
  type PackageSources,
  type TaskInputs,
  type TaskOutputs,
} from "./run-tasks.ts";

/** A task's hash, and whether it is meant to cover everything. */
export interface TriedHash {
  readonly hash: string;
  readonly isWhole: boolean;
}

/** Hashes by `dag.task`. */
export type TaskHashes = ReadonlyMap<string, TriedHash>;

/** A way of hashing that the harness tries. */
export type Hasher = (bundled: BundledProject, located: LocatedHandlers, files: ProjectFiles) => TaskHashes;

/** What came of one way of hashing. */
export interface HarnessCounts {
  /** Pairs of a mutant and a task whose output changed. */
  readonly affected: number;
  /** Of those, the ones whose hash did not: wrong hits. Each is named. */
  readonly wrongHits: readonly string[];
  /** Pairs whose output did not change, in Dag files that the mutant is part of. */
  readonly unaffected: number;
  /** Of those, the ones whose hash changed. */
  readonly needless: number;
  readonly needlessTitles: readonly string[];
  /** Hashes that changed by formatting, comments or types, or by another task's own body. */
  readonly forbidden: readonly string[];
}

/** What the harness found, by the name of the way of hashing. */
export interface HarnessReport {
  readonly mutants: number;
  /** Mutants that could not be bundled or loaded: they have no hash. */
  readonly unloadable: number;
  readonly tasks: number;
  readonly counts: Readonly<Record<string, HarnessCounts>>;
}

interface Baseline {
  readonly bundled: BundledProject;
  readonly inputs: TaskInputs;
  readonly outputs: TaskOutputs;
  readonly hashes: Readonly<Record<string, TaskHashes>>;
}

interface MutableCounts extends HarnessCounts {
  affected: number;
  wrongHits: string[];
  unaffected: number;
  needless: number;
  needlessTitles: string[];
  forbidden: string[];
}

/**
 * Runs the harness over the Dag files `entries` of a project.
 * @param every of so many mutants, one is tried.
 */
export async function runHarness(
  files: ProjectFiles,
  entries: readonly string[],
  hashers: Readonly<Record<string, Hasher>>,
  every = 1,
): Promise<HarnessReport> {
  const baselines = new Map<string, Baseline>();
  for (const entry of entries) baselines.set(entry, await readBaseline(files, entry, hashers));
  const counts = Object.fromEntries(Object.keys(hashers).map((name) => [name, emptyCounts()]));
  let mutants = 0;
  let unloadable = 0;
  let made = 0;
  for (const mutant of makeMutants(files)) {
    if (made++ % every !== 0) continue;
    mutants++;
    for (const [entry, baseline] of baselines) {
      if (!isPart(mutant, baseline)) continue;
      const after = await readMutant(mutant, entry, baseline, hashers);
      if (!after) unloadable++;
      else for (const name of Object.keys(hashers)) compare(mutant, baseline, after, name, counts[name]!);
    }
  }
  const tasks = [...baselines.values()].reduce((sum, { inputs }) => sum + inputs.size, 0);
  return { mutants, unloadable, tasks, counts };
}

function isPart({ path, kind }: Mutant, { bundled }: Baseline): boolean {
  return kind === "package" ? bundled.code.includes(packageOf(path)) : bundled.inputs.includes(path);
}

async function readBaseline(
  files: ProjectFiles,
  entry: string,
  hashers: Readonly<Record<string, Hasher>>,
): Promise<Baseline> {
  const bundled = await bundleProject(files, entry);
  const packages = packagesOf(files);
  const inputs = await collectInputs(bundled.code, packages);
  const outputs = await runTasks(bundled.code, inputs, packages);
  const again = await runTasks(bundled.code, inputs, packages);
  for (const [key, output] of outputs) {
    if (again.get(key) !== output) throw new Error(`${key} is not deterministic`);
    if (output.startsWith("failed")) throw new Error(`${key} ${output}`);
  }
  const located = await locate(bundled.code, packages);
  return { bundled, inputs, outputs, hashes: hashAll(hashers, bundled, located, files) };
}

async function readMutant(
  mutant: Mutant,
  entry: string,
  before: Baseline,
  hashers: Readonly<Record<string, Hasher>>,
): Promise<Pick<Baseline, "hashes" | "outputs"> | null> {
  try {
    const bundled = await bundleProject(mutant.files, entry);
    const packages = packagesOf(mutant.files);
    const located = await locate(bundled.code, packages);
    const hashes = hashAll(hashers, bundled, located, mutant.files);
    // The same code, such as after an edit of a comment, is not run again.
    const isSame = mutant.kind !== "package" && bundled.code === before.bundled.code;
    const outputs = isSame ? before.outputs : await runTasks(bundled.code, before.inputs, packages);
    return { hashes, outputs };
  } catch (error) {
    if (error instanceof TypeError && String(error.stack).includes("/source-hash/src/")) throw error;
    return null;
  }
}

function hashAll(
  hashers: Readonly<Record<string, Hasher>>,
  bundled: BundledProject,
  located: LocatedHandlers,
  files: ProjectFiles,
): Record<string, TaskHashes> {
  return Object.fromEntries(
    Object.entries(hashers).map(([name, hash]) => [name, hash(bundled, located, files)]),
  );
}

function compare(
  mutant: Mutant,
  before: Baseline,
  after: Pick<Baseline, "hashes" | "outputs">,
  name: string,
  counts: MutableCounts,
): void {
  for (const [key, output] of before.outputs) {
    const outputAfter = after.outputs.get(key);
    if (outputAfter === undefined) continue;
    const { hash, isWhole } = before.hashes[name]!.get(key)!;
    const hashChanged = hash !== after.hashes[name]!.get(key)?.hash;
    const outputChanged = output !== outputAfter;
    if (outputChanged) counts.affected++;
    else counts.unaffected++;
    if (outputChanged && !hashChanged) counts.wrongHits.push(`${key} after ${mutant.title}`);
    if (!outputChanged && hashChanged) {
      counts.needless++;
      counts.needlessTitles.push(`${key} after ${mutant.title}`);
    }
    if (hashChanged && isForbidden(mutant, key, isWhole))
      counts.forbidden.push(`${key} after ${mutant.title}`);
  }
}

/** True when the mutant must leave that task's hash alone. */
function isForbidden({ kind, task }: Mutant, key: string, isWhole: boolean): boolean {
  if (kind === "neutral") return true;
  return !isWhole && task !== null && !key.split(".").at(-1)!.startsWith(task);
}

function emptyCounts(): MutableCounts {
  return { affected: 0, wrongHits: [], unaffected: 0, needless: 0, needlessTitles: [], forbidden: [] };
}

function packagesOf(files: ProjectFiles): PackageSources {
  const paths = Object.keys(files).filter((path) => path.startsWith("packages/"));
  return Object.fromEntries(paths.map((path) => [packageOf(path), files[path]!]));
}

/** `tiny-stats` of `packages/tiny-stats.js`. */
export function packageOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.js$/, "");
}
