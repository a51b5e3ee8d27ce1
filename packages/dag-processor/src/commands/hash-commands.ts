// The source hash of a task that runs a program: the command line and its source files.

import { posix } from "node:path";
import { sha256, type SerializedCommand, type SerializedDag, type SourceComponent } from "@memodag/core";
import { HASHER_VERSION, type TaskSource } from "@memodag/source-hash";
import { handlerKey } from "../loading/loader-messages.ts";

/**
 * Returns the sources of every command among the Dags of the file at `path`, by handler key.
 * @param code the code in the file that commands reach, which are the validators of their results
 */
export function hashCommands(
  dags: readonly SerializedDag[],
  path: string,
  code: ReadonlyMap<string, TaskSource>,
): Map<string, TaskSource> {
  const sources = new Map<string, TaskSource>();
  for (const { dagId, tasks } of dags) {
    for (const { taskId, command } of tasks) {
      if (!command) continue;
      const key = handlerKey(dagId, taskId);
      const validator = code.get(key);
      if (command.checksResult && !validator) throw new Error(`no source hash of the validator of ${key}`);
      const source = hashCommand(command, path);
      sources.set(key, validator ? withValidator(source, validator) : source);
    }
  }
  return sources;
}

/** The same program gives another result through another validator. */
function withValidator(command: TaskSource, validator: TaskSource): TaskSource {
  return {
    ...validator,
    hash: digestOf(["checked", command.hash, validator.hash]),
    components: [...command.components, ...validator.components],
  };
}

function hashCommand(command: SerializedCommand, path: string): TaskSource {
  const { argv, cwd, env, files } = command;
  const settings = settingsOf(command);
  // The globs are not part of the hash: only the files that exist count.
  const fileParts = files.map((file) => [file.path, file.digest]);
  const parts = ["command", HASHER_VERSION, argv, cwd, env, fileParts, ...settings];
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
      ...settings.map(([name, value]) => said(name, value)),
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
 * Everything else that the author defined: the meaning of exit codes, as a cached failure may not be one with another, and
 * where entries are as files.
 */
function settingsOf({
  skipOnExitCodes,
  failOnExitCodes,
  entries,
}: SerializedCommand): (readonly [string, unknown])[] {
  return [
    ...(skipOnExitCodes ? [["skipOnExitCode", skipOnExitCodes] as const] : []),
    ...(failOnExitCodes ? [["failOnExitCode", failOnExitCodes] as const] : []),
    ...(entries ? [["entries", [entries.in, entries.out]] as const] : []),
  ];
}

function digestOf(value: unknown): string {
  return sha256(JSON.stringify(value));
}
