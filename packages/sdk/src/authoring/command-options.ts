// Options of a task that runs a program, and how they are read.

import {
  entryName,
  type JsonValue,
  type SerializedCommand,
  type SerializedCommandEntries,
} from "@memodag/core";
import {
  argumentsReadBy,
  entriesReadBy,
  readCommandEntries,
  type CommandInputs,
  type CommandOutputs,
} from "./command-entries.ts";
import { show, type FaultPlace } from "./dag-fault.ts";
import { OptionReader } from "./option-reader.ts";
import { isPlainObject } from "./plain-object.ts";
import { isResultSchema, type ResultSchema } from "../schemas/standard-schema.ts";
import {
  readTaskSettings,
  TASK_OPTION_NAMES,
  type DagTaskDefaults,
  type TaskOptions,
  type TaskSettings,
} from "./task-options.ts";

/**
 * Options of a command task.
 *
 * @example
 * ```ts
 * const fit = dag.command<{ accuracy: number }>("fit", {
 *   command: ["python3", "fit.py"],
 *   sources: ["fit.py", "lib/*.py"],
 *   env: { OMP_NUM_THREADS: "1" },
 *   failOnExitCode: 2,
 *   cache: true,
 * });
 * ```
 */
export interface CommandOptions extends TaskOptions<string, never> {
  /**
   * The program and its arguments, such as `["python3", "fit.py"]`. They are run without a shell
   * and without substitution. The program reads the task's arguments from the file named by
   * `$MEMODAG_INPUTS`.
   */
  readonly command: readonly string[];
  /**
   * Globs of the program's own files, relative to the Dag file's folder, such as `["fit.py",
   * "lib/*.py"]`. Their contents are part of the cache key. Each glob must match at least one file.
   * Wildcards do not match `node_modules`, `__pycache__` or dotfiles. Required for cached commands;
   * use `[]` if the program has no files.
   */
  readonly sources?: readonly string[];
  /**
   * Environment variables to set. An uncached command also inherits the scheduler's environment. A
   * cached command inherits only common variables, such as PATH, and those listed in `cache.env`.
   */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Entries of the job cache that the program gets as files in the folder `$MEMODAG_ENTRIES_IN`, and files that it
   * leaves in the folder `$MEMODAG_ENTRIES_OUT`, which are saved as entries when it has succeeded. With `out`, the
   * result of the task is `{ entries, result }`: references to the entries, and the program's result.
   */
  readonly entries?: CommandInputs & { readonly out?: CommandOutputs };
  /** Working directory, relative to the Dag file's folder. Default: that folder. */
  readonly cwd?: string;
  /**
   * Exit code, or list of exit codes, that mean there was nothing to do: the task becomes
   * `skipped`. Default: none.
   */
  readonly skipOnExitCode?: number | readonly number[];
  /**
   * Exit code, or list of exit codes, that fail the task at once, without further retries. Default:
   * none.
   */
  readonly failOnExitCode?: number | readonly number[];
}

/** Options of a command whose result is checked. */
export interface CheckedCommandOptions<Schema extends ResultSchema> extends CommandOptions {
  /**
   * A Standard Schema validator, such as one of zod, that checks the result when it comes back. Its
   * output is the task's result: it is what is stored and what downstream tasks receive. A result that
   * does not match fails the task.
   */
  readonly result: Schema;
}

/** Arguments of a command: any JSON, by name. */
export type CommandArguments = { readonly [name: string]: JsonValue };

/** The options of a command after reading. */
export type CommandSettings = Omit<SerializedCommand, "files">;

/** A command after reading. */
export interface CommandDeclaration {
  readonly command: CommandSettings;
  readonly settings: TaskSettings;
  readonly resultSchema?: ResultSchema;
}

const COMMAND_NAMES = [
  "command",
  "sources",
  "env",
  "cwd",
  "skipOnExitCode",
  "failOnExitCode",
  "entries",
  "result",
] as const;

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const OWN_ENV_PREFIX = "MEMODAG_";

/**
 * Reads a command's options, with the Dag's defaults applied.
 * @throws MemodagError `dag_invalid` naming the invalid option.
 */
export function readCommandOptions(
  place: FaultPlace,
  value: unknown,
  defaults: DagTaskDefaults,
): CommandDeclaration {
  const reader = new OptionReader(place, "", value, [...COMMAND_NAMES, ...TASK_OPTION_NAMES]);
  const given = TASK_OPTION_NAMES.map((name) => [name, reader.get(name)] as const);
  const settings = readTaskSettings(place, Object.fromEntries(given), defaults);
  const resultSchema = readResultSchema(reader);
  const entries = readCommandEntries(place, reader);
  const command = {
    argv: readArgv(reader),
    cwd: readFolder(reader),
    env: readVariables(reader),
    sources: readSources(reader),
    ...readExitCodes(reader),
    ...(entries && { entries }),
    ...(resultSchema && { checksResult: true as const }),
  };
  if (settings.cache && reader.get("sources") === undefined) {
    throw reader.fault("sources", {
      problem: "is missing, and the task is cached",
      fix: 'list the program\'s files, such as ["fit.py"], or use [] if it has none',
    });
  }
  refuseExcludedEntries(reader, entries, settings);
  return { command, settings: withReads(settings, entries), ...(resultSchema && { resultSchema }) };
}

/** Contents that are not part of the key would be of no effect on it. */
function refuseExcludedEntries(
  reader: OptionReader,
  entries: SerializedCommandEntries | undefined,
  { cache }: TaskSettings,
): void {
  const excluded = argumentsReadBy(entries).find((name) => cache?.excludeInputs.includes(name));
  if (excluded === undefined) return;
  throw reader.fault("entries.in", {
    problem: `reads the argument ${show(excluded)}, which cache.excludeInputs leaves out of the key`,
    fix: "remove it from one of them",
  });
}

/** Entries that the program gets by name are declared by that. */
function withReads(settings: TaskSettings, entries: SerializedCommandEntries | undefined): TaskSettings {
  const { cache } = settings;
  const own = entriesReadBy(entries);
  if (!cache || own.length === 0) return settings;
  const patterns = new Map([...(cache.reads ?? []), ...own].map((read) => [entryName(read), read]));
  const reads = [...patterns].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, read]) => read);
  return { ...settings, cache: { ...cache, reads } };
}

function readResultSchema(reader: OptionReader): ResultSchema | undefined {
  const value = reader.get("result");
  if (value === undefined || isResultSchema(value)) return value;
  throw reader.wrong("result", value, "use a Standard Schema validator, such as z.object({ … }) of zod");
}

function readArgv(reader: OptionReader): string[] {
  const value = reader.get("command");
  const isArgv = Array.isArray(value) && value.length > 0 && value.every(isArgument) && value[0] !== "";
  if (isArgv) return [...(value as string[])];
  throw reader.wrong("command", value, 'give the program and its arguments, such as ["python3", "fit.py"]');
}

function isArgument(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0");
}

/** Leaves out what is not set, so that the serialized form of Dags without it does not change. */
function readExitCodes(reader: OptionReader): Pick<CommandSettings, "skipOnExitCodes" | "failOnExitCodes"> {
  const skip = readCodes(reader, "skipOnExitCode");
  const fail = readCodes(reader, "failOnExitCode");
  const twice = skip.find((code) => fail.includes(code));
  if (twice !== undefined) {
    throw reader.fault("failOnExitCode", {
      problem: `contains ${twice}, and so does skipOnExitCode`,
      fix: "list it in only one of them",
    });
  }
  return {
    ...(skip.length > 0 && { skipOnExitCodes: skip }),
    ...(fail.length > 0 && { failOnExitCodes: fail }),
  };
}

function readCodes(reader: OptionReader, name: string): number[] {
  const value = reader.get(name) ?? [];
  const codes: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (codes.every(isFailingCode)) return [...new Set(codes)].sort((a, b) => a - b);
  throw reader.wrong(name, value, "use an exit code from 1 to 255, or a list of them");
}

function isFailingCode(code: unknown): code is number {
  return Number.isInteger(code) && (code as number) >= 1 && (code as number) <= 255;
}

function readFolder(reader: OptionReader): string {
  const folder = reader.text("cwd", ".");
  if (isRelative(folder)) return folder;
  throw reader.wrong("cwd", folder, 'use a folder relative to the Dag file\'s, such as "scripts"');
}

function readSources(reader: OptionReader): string[] {
  const sources = reader.strings("sources");
  const wrong = sources.find((source) => !isRelative(source));
  if (wrong === undefined) return sources.sort();
  throw reader.fault("sources", {
    problem: `names ${show(wrong)}`,
    fix: 'use a path or glob relative to the Dag file\'s folder, such as "lib/**/*.py"',
  });
}

/** True for a path that means the same on every machine: relative, with forward slashes. */
function isRelative(path: string): boolean {
  return !path.startsWith("/") && !path.includes("\\") && !path.includes("\0");
}

function readVariables(reader: OptionReader): (readonly [string, string])[] {
  const value = reader.get("env");
  if (value === undefined) return [];
  if (!isPlainObject(value)) {
    throw reader.wrong("env", value, 'use an object of variables, such as { LANG: "C" }');
  }
  return Object.keys(value)
    .sort()
    .filter((name) => value[name] !== undefined)
    .map((name) => [name, readVariable(reader, name, value[name])]);
}

function readVariable(reader: OptionReader, name: string, value: unknown): string {
  if (!ENV_NAME.test(name) || name.startsWith(OWN_ENV_PREFIX)) {
    throw reader.fault("env", {
      problem: `sets ${show(name)}`,
      fix: `use letters, digits and _, and do not begin with ${OWN_ENV_PREFIX}`,
    });
  }
  if (isArgument(value)) return value;
  const fix = "use a string; to pass on a variable of the scheduler's environment, list it in cache.env";
  throw reader.wrong(`env.${name}`, value, fix);
}
