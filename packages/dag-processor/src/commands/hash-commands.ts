// The source hash of a task that runs a program: the command line and its source files.

import { posix } from "node:path";
import { sha256, type SerializedCommand, type SerializedDag, type SourceComponent } from "@memodag/core";
import { HASHER_VERSION, type TaskSource } from "@memodag/source-hash";
import { handlerKey } from "../loading/loader-messages.ts";

/** Returns the sources of every command among the Dags of the file at `path`, by handler key. */
export function hashCommands(dags: readonly SerializedDag[], path: string): Map<string, TaskSource> {
  const sources = new Map<string, TaskSource>();
  for (const { dagId, tasks } of dags) {
    for (const { taskId, command } of tasks) {
      if (command) sources.set(handlerKey(dagId, taskId), hashCommand(command, path));
    }
  }
  return sources;
}

function hashCommand(command: SerializedCommand, path: string): TaskSource {
  const { argv, cwd, env, files } = command;
  const exits = exitCodesOf(command);
  // The globs are not part of the hash: only the files that exist count.
  const fileParts = files.map((file) => [file.path, file.digest]);
  const parts = ["command", HASHER_VERSION, argv, cwd, env, fileParts, ...exits];
  const folder = posix.dirname(path);
  const said = (name: string, value: unknown): SourceComponent => {
    return { kind: "variable", path, name, version: null, digest: digestOf(value) };
  };
  return {
    hash: digestOf(parts),
    mode: "slice",
    components: [
      said("command", argv),
      said("cwd", cwd),
      ...env.map(([name, value]) => said(`env.${name}`, value)),
      ...exits.map(([name, codes]) => said(name, codes)),
      ...files.map((file): SourceComponent => {
        const shown = posix.join(folder, file.path);
        const name = posix.basename(file.path);
        return { kind: "asset", path: shown, name, version: null, digest: file.digest };
      }),
    ],
    doubts: [],
    warnings: [],
  };
}

/**
 * The meaning of exit codes, if the author defined it: with another meaning, a cached failure may not be
 * one.
 */
function exitCodesOf({ skipOnExitCodes, failOnExitCodes }: SerializedCommand): [string, readonly number[]][] {
  return [
    ...(skipOnExitCodes ? [["skipOnExitCode", skipOnExitCodes] satisfies [string, unknown]] : []),
    ...(failOnExitCodes ? [["failOnExitCode", failOnExitCodes] satisfies [string, unknown]] : []),
  ];
}

function digestOf(value: unknown): string {
  return sha256(JSON.stringify(value));
}
