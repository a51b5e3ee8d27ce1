// The one place where a task's source hash comes from.

import { readFileSync, realpathSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { parseAnchoredSpecifier } from "@memodag/artifact";
import type { Digest, PackageVersion, SerializedDag, TaskSourceRecord } from "@memodag/core";
import {
  createPackageResolver,
  hashSources as hashCode,
  type ImpureStatement,
  type TaskSource,
} from "@memodag/source-hash";
import type { BundledDagFile } from "./bundling/bundle-dag-file.ts";
import { hashCommands } from "./commands/hash-commands.ts";
import type { InputDigest } from "./fingerprint.ts";
import { handlerKey, type LoadedDags } from "./loading/loader-messages.ts";
import type { Lockfile } from "./lockfile.ts";

/** All that is known of a file's code when its tasks' hashes are taken. */
export interface CodeOfDagFile {
  /** Absolute path of the bundle's folder. */
  readonly root: string;
  /** The Dag file's path inside the bundle. */
  readonly path: string;
  readonly bundled: BundledDagFile;
  readonly loaded: LoadedDags;
  readonly lockfile: Lockfile | null;
  /** What was read while the file was loaded, by path from the bundle's folder. */
  readonly read: readonly InputDigest[];
}

/** Source hashes by Dag id, then by task id, and what the author should know about them. */
export interface SourceHashes {
  of(dag: SerializedDag, taskId: string): Digest;
  /** What a worker may load without its code being another than the hashes'. */
  readonly packages: readonly PackageVersion[];
  readonly sources: readonly TaskSourceRecord[];
  readonly warnings: readonly string[];
}

/** Statements that widen every hash of a file, shown at most. */
const MAX_SHOWN_STATEMENTS = 10;

/** Hashes, for each task of a file, the code that it can reach. */
export function hashSources({ root, path, bundled, loaded, lockfile, read }: CodeOfDagFile): SourceHashes {
  const folder = dirname(join(root, path));
  const { tasks, packages, impureStatements } = hashCode({
    code: bundled.code,
    map: bundled.map,
    folder,
    shownFolder: posix.dirname(path) === "." ? "" : posix.dirname(path),
    located: loaded.located,
    packages: createPackageResolver({ lockfile: readLockfile(lockfile), readInstalled }),
    loaded: loaded.packages,
    readAnchor: parseAnchoredSpecifier,
    // What is absent is in no hash: it may lie outside of the project, where each machine has its own paths.
    inputs: read.flatMap(([input, digest]) => (digest === null ? [] : [{ path: input, digest }])),
  });
  const commands = hashCommands(loaded.dags, path);
  const sourceOf = (dagId: string, taskId: string): TaskSource => {
    const key = handlerKey(dagId, taskId);
    const source = tasks.get(key) ?? commands.get(key);
    if (!source) throw new Error(`no source hash of task "${taskId}" of Dag "${dagId}"`);
    return source;
  };
  const known = new Map(
    [...packages, ...loaded.packages].map((found) => [`${found.name}@${found.version}`, found]),
  );
  return {
    of: (dag, taskId) => sourceOf(dag.dagId, taskId).hash,
    packages: [...known.values()].sort(byNameAndVersion),
    sources: [...tasks.values(), ...commands.values()].map(({ hash, mode, components }) => ({
      sourceHash: hash,
      mode,
      components,
    })),
    warnings: [...warningsOf(loaded.dags, sourceOf), ...notesOf(impureStatements)],
  };
}

/** A warning once for all the tasks that it holds for. */
function warningsOf(
  dags: readonly SerializedDag[],
  sourceOf: (dagId: string, taskId: string) => TaskSource,
): string[] {
  const tasksByWarning = new Map<string, string[]>();
  for (const { dagId, tasks } of dags) {
    for (const { taskId, cache } of tasks) {
      if (!cache) continue;
      for (const warning of sourceOf(dagId, taskId).warnings) {
        tasksByWarning.set(warning, [...(tasksByWarning.get(warning) ?? []), `${dagId}.${taskId}`]);
      }
    }
  }
  return Array.from(
    tasksByWarning,
    ([warning, names]) => `the source hash of ${names.join(", ")} ${warning}`,
  );
}

/** What an author can mend so that a change of one thing runs fewer tasks again. */
function notesOf(statements: readonly ImpureStatement[]): string[] {
  const notes = statements
    .slice(0, MAX_SHOWN_STATEMENTS)
    .map(
      ({ path, line, text }) =>
        `${path}:${line} is in every task's source hash, since running it may matter to any: ${text}`,
    );
  const rest = statements.length - notes.length;
  return rest > 0 ? [...notes, `${rest} more statements are in every task's source hash`] : notes;
}

/** Another tool's lockfile is none that can be read: packages are then known by what is installed. */
function readLockfile(lockfile: Lockfile | null): { folder: string; text: string } | null {
  if (!lockfile || !/(?:package-lock|npm-shrinkwrap)\.json$/.test(lockfile.path)) return null;
  return { folder: dirname(lockfile.path), text: readFileSync(lockfile.path, "utf8") };
}

function readInstalled(path: string): { text: string; path: string } | null {
  try {
    return { text: readFileSync(path, "utf8"), path: realpathSync(path) };
  } catch {
    return null;
  }
}

function byNameAndVersion(a: PackageVersion, b: PackageVersion): number {
  const [left, right] = a.name === b.name ? [a.version, b.version] : [a.name, b.name];
  return left < right ? -1 : left > right ? 1 : 0;
}
