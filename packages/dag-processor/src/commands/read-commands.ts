// Finds the source files of a Dag file's commands.

import { stat } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import type { CommandFile, Digest, SerializedCommand, SerializedDag, SerializedTask } from "@memodag/core";
import { listCommandSources } from "@memodag/sdk/command-sources";
import type { FileDigests } from "../file-digests.ts";
import type { GlobInput } from "../fingerprint.ts";
import { pathInBundle } from "../path-in-bundle.ts";
import { followScripts, type FollowedScripts } from "./scripts/follow-scripts.ts";

/** The location of a Dag file, and the digests of the current pass. */
export interface CommandPlace {
  /** Absolute path of the bundle's folder. */
  readonly root: string;
  /** The Dag file's path inside the bundle. */
  readonly path: string;
  readonly digests: FileDigests;
}

/** A Dag file's Dags with the files of their commands, and everything that was read for them. */
export interface ReadCommands {
  readonly dags: readonly SerializedDag[];
  /** By path relative to the bundle's folder. */
  readonly files: ReadonlyMap<string, Digest>;
  readonly globs: readonly GlobInput[];
  /** Missing paths, relative to the bundle's folder, at which a new file may be imported. */
  readonly absent: readonly string[];
  /** The fault of a command's sources, or `null`. */
  readonly fault: string | null;
  readonly warnings: readonly string[];
}

const NOTHING: FollowedScripts = { paths: [], absent: [], unfollowed: [] };

interface ReadCommand {
  readonly command: SerializedCommand;
  readonly glob: GlobInput;
  /** Absolute paths at which a new file would be imported. */
  readonly absent: readonly string[];
  /** Code that cannot be followed. */
  readonly unfollowed: readonly string[];
  /** A pattern without a match. */
  readonly unmatched: string | undefined;
}

/** Adds the files of every command. */
export async function readCommands(
  dags: readonly SerializedDag[],
  place: CommandPlace,
): Promise<ReadCommands> {
  const folder = dirname(join(place.root, place.path));
  const files = new Map<string, Digest>();
  const globs: GlobInput[] = [];
  const absent = new Set<string>();
  const warnings: string[] = [];
  let fault: string | null = null;
  const readTask = async (dagId: string, task: SerializedDag["tasks"][number]) => {
    if (!task.command) return task;
    const { command, glob, unmatched, unfollowed, ...read } = await readCommand(
      task,
      task.command,
      folder,
      place,
    );
    for (const path of read.absent) absent.add(pathInBundle(place.root, path));
    for (const { path, digest } of command.files) {
      files.set(pathInBundle(place.root, join(folder, path)), digest);
    }
    if (glob.patterns.length > 0) globs.push(glob);
    if (unmatched !== undefined) fault ??= describeUnmatched(dagId, task.taskId, unmatched, place.path);
    if (task.cache) {
      const named = await listNamedFiles(command, folder);
      for (const name of named) warnings.push(describeUnnamed(dagId, task.taskId, name));
      for (const use of unfollowed) warnings.push(describeUnfollowed(dagId, task.taskId, use));
    }
    return { ...task, command, ...(unfollowed.length > 0 && { unfollowed }) };
  };
  const read: SerializedDag[] = [];
  for (const dag of dags) {
    const tasks = [];
    for (const task of dag.tasks) tasks.push(await readTask(dag.dagId, task));
    read.push({ ...dag, tasks });
  }
  return { dags: read, files, globs, absent: [...absent], fault, warnings };
}

async function readCommand(
  { cache }: Pick<SerializedTask, "cache">,
  command: SerializedCommand,
  folder: string,
  { root, digests }: CommandPlace,
): Promise<ReadCommand> {
  const found = await listCommandSources(folder, command.sources);
  const sources = [...new Set([...found.values()].flat())];
  const isFollowed = cache !== null && cache.trust?.includes("imports") !== true;
  const scripts = isFollowed ? await followScripts(command, sources, { root, folder, digests }) : NOTHING;
  const paths = [...new Set([...sources, ...scripts.paths])].sort();
  const files = await Promise.all(
    paths.map(async (path): Promise<CommandFile[]> => {
      const digest = await digests.of(join(folder, path));
      return digest === null ? [] : [{ path, digest }];
    }),
  );
  const glob = {
    folder: pathInBundle(root, folder),
    patterns: command.sources,
    paths: command.sources.map((pattern) => found.get(pattern) ?? []),
  };
  return {
    command: { ...command, files: files.flat() },
    glob,
    absent: scripts.absent,
    unfollowed: scripts.unfollowed,
    unmatched: command.sources.find((pattern) => found.get(pattern)?.length === 0),
  };
}

/** Files that appear in the command but not in its sources. */
async function listNamedFiles({ argv, cwd, files }: SerializedCommand, folder: string): Promise<string[]> {
  const sources = new Set(files.map(({ path }) => path));
  const relative = argv.filter((text) => text !== "" && !text.startsWith("-") && !text.startsWith("/"));
  const named: string[] = [];
  for (const path of new Set(relative.map((text) => posix.join(cwd, text)))) {
    if (!sources.has(path) && (await isFile(join(folder, path)))) named.push(path);
  }
  return named;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false; // Missing, or not a path.
  }
}

function describeUnmatched(dagId: string, taskId: string, pattern: string, path: string): string {
  const folder = posix.dirname(path);
  const where = folder === "." ? "the bundle's folder" : folder;
  return (
    `Dag "${dagId}", task "${taskId}": sources contains "${pattern}", which matches no file in ${where}: ` +
    "create the file, or correct the pattern; it is relative to the Dag file's folder"
  );
}

function describeUnnamed(dagId: string, taskId: string, name: string): string {
  return (
    `the command of ${dagId}.${taskId} names the file ${name}, which is not in its cache key: ` +
    "add it to sources, unless the command writes it"
  );
}

function describeUnfollowed(dagId: string, taskId: string, use: string): string {
  return (
    `the command of ${dagId}.${taskId} is not cached, because it runs code that cannot be followed: ${use}; refer to it ` +
    'by a literal path or import, or add it to sources and vouch for it with cache: { trust: ["imports"] }'
  );
}
