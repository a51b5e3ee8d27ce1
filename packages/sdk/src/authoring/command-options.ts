// What an author may say about a task that runs a program, and how it is read.

import type { JsonValue, SerializedCommand } from "@memodag/core";
import { show, type FaultPlace } from "./dag-fault.ts";
import { OptionReader } from "./option-reader.ts";
import { isPlainObject } from "./plain-object.ts";
import {
  readTaskSettings,
  TASK_OPTION_NAMES,
  type TaskDefaults,
  type TaskOptions,
  type TaskSettings,
} from "./task-options.ts";

/** Options of a command. */
export interface CommandOptions extends TaskOptions {
  /**
   * The program and its arguments, such as `["python3", "fit.py"]`. No shell reads them, and nothing is
   * put in: what the task is called with, the program finds in the file named by `$MEMODAG_INPUTS`.
   */
  readonly command: readonly string[];
  /**
   * Globs of the files that the program is made of, relative to the Dag file's folder, such as
   * `["fit.py", "lib/*.py"]`. Their contents are in the cache key. Each has to match a file. Below a
   * wildcard, `node_modules`, `__pycache__` and what a dot hides are left out. A cached command has to
   * name them; `[]` says that there are none.
   */
  readonly sources?: readonly string[];
  /**
   * Variables to set. A command that is not cached gets the scheduler's environment besides; a cached one
   * ordinary variables, such as PATH, and those that `cache.env` names.
   */
  readonly env?: Readonly<Record<string, string>>;
  /** The folder to run in, relative to the Dag file's. Default: that folder. */
  readonly cwd?: string;
  /** Exit code, or several, that mean that there was nothing to do: the task is `skipped`. Default: none. */
  readonly skipOnExitCode?: number | readonly number[];
  /** Exit code, or several, after which another attempt is of no use: the task fails at once. Default: none. */
  readonly failOnExitCode?: number | readonly number[];
}

/** What a command may be called with: any JSON by name. */
export type CommandArguments = { readonly [name: string]: JsonValue };

/** A command as read. */
export type CommandSettings = Omit<SerializedCommand, "files">;

const COMMAND_NAMES = ["command", "sources", "env", "cwd", "skipOnExitCode", "failOnExitCode"] as const;

const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const OWN_ENV_PREFIX = "MEMODAG_";

/**
 * Reads a command's options over its Dag's defaults.
 * @throws MemodagError `dag_invalid` naming what is wrong.
 */
export function readCommandOptions(
  place: FaultPlace,
  value: unknown,
  defaults: TaskDefaults,
): { readonly command: CommandSettings; readonly settings: TaskSettings } {
  const reader = new OptionReader(place, "", value, [...COMMAND_NAMES, ...TASK_OPTION_NAMES]);
  const given = TASK_OPTION_NAMES.map((name) => [name, reader.get(name)] as const);
  const settings = readTaskSettings(place, Object.fromEntries(given), defaults);
  const command = {
    argv: readArgv(reader),
    cwd: readFolder(reader),
    env: readVariables(reader),
    sources: readSources(reader),
    ...readExitCodes(reader),
  };
  if (settings.cache && reader.get("sources") === undefined) {
    throw reader.fault("sources", {
      problem: "is not there, and the task is cached",
      mend: 'name the files that the program is made of, such as ["fit.py"], or write [] when there are none',
    });
  }
  return { command, settings };
}

function readArgv(reader: OptionReader): string[] {
  const value = reader.get("command");
  const isArgv = Array.isArray(value) && value.length > 0 && value.every(isArgument) && value[0] !== "";
  if (isArgv) return [...(value as string[])];
  throw reader.wrong("command", value, 'write the program and its arguments, such as ["python3", "fit.py"]');
}

function isArgument(value: unknown): value is string {
  return typeof value === "string" && !value.includes("\0");
}

/** Absent where none are named, so that a Dag without them is stored as it always was. */
function readExitCodes(reader: OptionReader): Pick<CommandSettings, "skipOnExitCodes" | "failOnExitCodes"> {
  const skip = readCodes(reader, "skipOnExitCode");
  const fail = readCodes(reader, "failOnExitCode");
  const twice = skip.find((code) => fail.includes(code));
  if (twice !== undefined) {
    throw reader.fault("failOnExitCode", {
      problem: `names ${twice}, and so does skipOnExitCode`,
      mend: "name it in one of them",
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
  throw reader.wrong(name, value, "write an exit code from 1 to 255, or a list of them");
}

function isFailingCode(code: unknown): code is number {
  return Number.isInteger(code) && (code as number) >= 1 && (code as number) <= 255;
}

function readFolder(reader: OptionReader): string {
  const folder = reader.text("cwd", ".");
  if (isRelative(folder)) return folder;
  throw reader.wrong("cwd", folder, 'write a folder relative to the Dag file\'s, such as "scripts"');
}

function readSources(reader: OptionReader): string[] {
  const sources = reader.texts("sources");
  const wrong = sources.find((source) => !isRelative(source));
  if (wrong === undefined) return sources.sort();
  throw reader.fault("sources", {
    problem: `names ${show(wrong)}`,
    mend: 'write a path or glob relative to the Dag file\'s folder, such as "lib/**/*.py"',
  });
}

/** The same on every machine: neither absolute nor with the separator of one system. */
function isRelative(path: string): boolean {
  return !path.startsWith("/") && !path.includes("\\") && !path.includes("\0");
}

function readVariables(reader: OptionReader): (readonly [string, string])[] {
  const value = reader.get("env");
  if (value === undefined) return [];
  if (!isPlainObject(value)) {
    throw reader.wrong("env", value, 'write variables by name, such as { LANG: "C" }');
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
      mend: `use letters, digits and _, and no name that begins with ${OWN_ENV_PREFIX}`,
    });
  }
  if (isArgument(value)) return value;
  const mend = "write a text; to hand on a variable of the scheduler's environment, name it in cache.env";
  throw reader.wrong(`env.${name}`, value, mend);
}
