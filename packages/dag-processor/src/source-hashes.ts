// Computes the source hashes of tasks; the only place that does so.

import { dirname, join, posix } from "node:path";
import { parseAnchoredSpecifier } from "@memodag/artifact";
import {
  finish,
  type PackageVersion,
  type SerializedDag,
  type SerializedTask,
  type TaskSourceRecord,
} from "@memodag/core";
import {
  hashSources as hashCode,
  NotingResolver,
  type ImpureStatement,
  type KeptInProcess,
  type InstalledFiles,
  type PackageResolver,
  type ResolvedPackage,
  type TaskSource,
} from "@memodag/source-hash";
import type { BundledDagFile } from "./bundling/bundle-dag-file.ts";
import type { FollowedFiles } from "./bundling/followed-files.ts";
import { hashCommands } from "./commands/hash-commands.ts";
import type { InputDigest, PackageInput } from "./fingerprint.ts";
import { handlerKey, keyFunctionKey, type LoadedDags } from "./loading/loader-messages.ts";
import { readPrivateName } from "./packages/private-names.ts";
import { pathInBundle } from "./path-in-bundle.ts";

/** Everything known about a file's code when its tasks are hashed. */
export interface CodeOfDagFile {
  /** Absolute path of the bundle's folder. */
  readonly root: string;
  /** The Dag file's path inside the bundle. */
  readonly path: string;
  readonly bundled: BundledDagFile;
  readonly loaded: LoadedDags;
  readonly installed: InstalledFiles;
  readonly packages: PackageResolver;
  /** Inputs that were read while the file was loaded, by path relative to the bundle's folder. */
  readonly read: readonly InputDigest[];
  /** Files that the code loads by path. */
  readonly followed: FollowedFiles;
}

/** Source hashes by Dag id and task id, with warnings and notes for the author. */
export interface SourceHashes {
  of(dag: SerializedDag, task: SerializedTask): Pick<SerializedTask, "sourceHash" | "unfollowed" | "cache">;
  /** Packages that a worker may load without its code differing from the hashes. */
  readonly packages: readonly PackageVersion[];
  readonly sources: readonly TaskSourceRecord[];
  /** The packages that names resolved to, and the folders of packages that were loaded in another way. */
  readonly named: readonly ResolvedPackage[];
  readonly loadedFrom: readonly string[];
  /** The packages that the hashes were computed from. */
  readonly inputs: readonly PackageInput[];
  readonly warnings: readonly string[];
  /** Cached tasks with `reuse` that would leave something in their process, or may: they cannot have it. */
  readonly kept: readonly KeptByTask[];
}

/** A cached task with `reuse`, and what it would leave in its process. */
export interface KeptByTask {
  readonly dagId: string;
  readonly taskId: string;
  readonly places: readonly KeptInProcess[];
}

/** Maximum number of tasks that a warning names. */
const MAX_SHOWN_TASKS = 10;
/** Maximum number of statements to show that are part of every hash of a file. */
const MAX_SHOWN_STATEMENTS = 10;

/** Hashes the code that each task of a file can reach. */
export function hashSources({
  root,
  path,
  bundled,
  loaded,
  installed,
  packages: resolver,
  read,
  followed,
}: CodeOfDagFile): SourceHashes {
  const folder = dirname(join(root, path));
  const noting = new NotingResolver(resolver);
  const contents = loaded.packages.map(({ name, version, folder: place }) => {
    return { name, version, digest: finish(installed.contentsOf(place)).digest };
  });
  const required = followed.packages
    .map(([name, from]) => noting.identify(name, from))
    .filter(({ members }) => members.length > 0);
  const { tasks, packages, impureStatements, kept } = hashCode({
    code: bundled.code,
    map: bundled.map,
    folder,
    shownFolder: posix.dirname(path) === "." ? "" : posix.dirname(path),
    located: loaded.located,
    packages: noting,
    loaded: [...contents, ...required.map(({ name, version, digest }) => ({ name, version, digest }))],
    reused: new Set(listReused(loaded.dags).map(({ dagId, taskId }) => handlerKey(dagId, taskId))),
    readPrivateName: (specifier) => readPrivateName(specifier, folder),
    readAnchor: parseAnchoredSpecifier,
    // Missing files are not hashed: they may be outside of the project, at paths that differ by machine.
    inputs: read.flatMap(([input, digest]) => (digest === null ? [] : [{ path: input, digest }])),
  });
  const commands = hashCommands(loaded.dags, path, tasks);
  const sourceOf = (dagId: string, taskId: string): HashedTask => {
    const key = handlerKey(dagId, taskId);
    // A command may have code in the file as well, which its own hash covers.
    const source = commands.get(key) ?? tasks.get(key);
    if (!source) throw new Error(`no source hash of task "${taskId}" of Dag "${dagId}"`);
    const doubts = [...source.doubts, ...(tasks.get(keyFunctionKey(dagId, taskId))?.doubts ?? [])];
    return { ...source, unfollowed: listUnfollowed([...new Set(doubts)], followed, root) };
  };
  const cacheOf = ({ dagId }: SerializedDag, { taskId, cache }: SerializedTask): SerializedTask["cache"] => {
    if (!cache?.key) return cache;
    const source = tasks.get(keyFunctionKey(dagId, taskId));
    if (!source) throw new Error(`no source hash of the key function of task "${taskId}" of Dag "${dagId}"`);
    return { ...cache, key: { ...cache.key, sourceHash: source.hash } };
  };
  const known = new Map(
    [...packages, ...loaded.packages, ...required.flatMap(({ members }) => members)].map(
      ({ name, version }) => [`${name}@${version}`, { name, version }],
    ),
  );
  return {
    of: (dag, task) => {
      const { hash, unfollowed } = sourceOf(dag.dagId, task.taskId);
      const cache = cacheOf(dag, task);
      return { sourceHash: hash, cache, ...(unfollowed.length > 0 && { unfollowed }) };
    },
    packages: [...known.values()].sort(byNameAndVersion),
    named: noting.list(),
    loadedFrom: loaded.packages.map(({ folder: place }) => place),
    inputs: [
      ...noting
        .list()
        .map((found): PackageInput => [pathInBundle(root, found.folder), found.name, found.identity.digest]),
      ...loaded.packages.map(({ folder: place }, index): PackageInput => [
        pathInBundle(root, place),
        null,
        contents[index]?.digest ?? "",
      ]),
    ],
    sources: [...new Map([...tasks, ...commands]).values()].map(({ hash, mode, components }) => ({
      sourceHash: hash,
      mode,
      components,
    })),
    warnings: [...warningsOf(loaded.dags, sourceOf), ...notesOf(impureStatements)],
    kept: listReused(loaded.dags).flatMap(({ dagId, taskId }) => {
      const places = kept.get(handlerKey(dagId, taskId));
      return places ? [{ dagId, taskId, places }] : [];
    }),
  };
}

/** Cached tasks whose attempts share a process. */
function listReused(dags: readonly SerializedDag[]): { readonly dagId: string; readonly taskId: string }[] {
  return dags.flatMap(({ dagId, tasks }) =>
    tasks.flatMap(({ taskId, cache, reuse }) => (cache && reuse ? [{ dagId, taskId }] : [])),
  );
}

/** A task's source, and the packages that may be loaded in addition. */
interface HashedTask extends TaskSource {
  readonly unfollowed: readonly string[];
}

/** Expressions that can load code by a name or path that is known only at run time. */
const UNFOLLOWED =
  /^(?:a computed import\(\)|a require\(\) that was not bundled|process\.getBuiltinModule\(\)|import of ".*", which was not bundled)$/;
const MAKES_REQUIRE = "node:module";

/** Returns the expressions reachable from a task that may load code outside its hash. */
function listUnfollowed(doubts: readonly string[], followed: FollowedFiles, root: string): string[] {
  return doubts.flatMap((doubt) => {
    if (UNFOLLOWED.test(doubt)) return [doubt];
    if (doubt !== MAKES_REQUIRE) return [];
    return followed.unfollowed.map((path) => `createRequire in ${pathInBundle(root, path)}`);
  });
}

function warningsOfTask({ warnings, unfollowed }: HashedTask): readonly string[] {
  const [first] = unfollowed;
  if (first === undefined) return warnings;
  return [
    `does not cover all code that may be loaded: it reaches ${first}, which cannot be followed. It is not cached`,
  ];
}

/** Returns each warning once, for all tasks that it applies to. */
function warningsOf(
  dags: readonly SerializedDag[],
  sourceOf: (dagId: string, taskId: string) => HashedTask,
): string[] {
  const tasksByWarning = new Map<string, string[]>();
  for (const { dagId, tasks } of dags) {
    for (const { taskId, cache } of tasks) {
      if (!cache) continue;
      for (const warning of warningsOfTask(sourceOf(dagId, taskId))) {
        const names = tasksByWarning.get(warning);
        if (names) names.push(`${dagId}.${taskId}`);
        else tasksByWarning.set(warning, [`${dagId}.${taskId}`]);
      }
    }
  }
  return Array.from(
    tasksByWarning,
    ([warning, names]) => `the source hash of ${listNames(names)} ${warning}`,
  );
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, MAX_SHOWN_TASKS).join(", ");
  const rest = names.length - MAX_SHOWN_TASKS;
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

/** Returns changes by which an author can reduce the tasks that run again after a change. */
function notesOf(statements: readonly ImpureStatement[]): string[] {
  const notes = statements
    .slice(0, MAX_SHOWN_STATEMENTS)
    .map(
      ({ path, line, text, reason }) =>
        `${path}:${line} is in every task's source hash, because ${reason}: ${asWritten(text)}`,
    );
  const rest = statements.length - notes.length;
  return rest > 0 ? [...notes, `${rest} more statements are in every task's source hash`] : notes;
}

/**
 * Returns a statement of the artifact with `import.meta` as the author wrote it, undoing the replacement
 * in `read-sources.ts`.
 */
function asWritten(text: string): string {
  return text.replaceAll(
    /\b__memodag(Url|Filename|Dirname)\d*\b/g,
    (_, field: string) => `import.meta.${field.toLowerCase()}`,
  );
}

function byNameAndVersion(a: PackageVersion, b: PackageVersion): number {
  const [left, right] = a.name === b.name ? [a.version, b.version] : [a.name, b.name];
  return left < right ? -1 : left > right ? 1 : 0;
}
