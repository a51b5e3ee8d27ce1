// Finds the program that a command will run, and identifies it.

import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Reason, RuntimeComponent } from "@memodag/core";
import type { DigestMemory } from "./digest-memory.ts";

/** The search path of the system if PATH is not set. */
const DEFAULT_PATH = "/usr/bin:/bin";

/** Maximum number of nested interpreters that the system follows. */
const MOST_INTERPRETERS = 5;

/** Number of bytes of a first line that the system reads. */
const FIRST_LINE_BYTES = 256;

/** The program to find. */
export interface ProgramOrder {
  readonly program: string;
  /** Absolute path of the command's working directory. */
  readonly cwd: string;
  /** The PATH of the command. */
  readonly path: string | undefined;
}

/** The program found, or why there is none. */
export type ProgramAnswer =
  | { readonly kind: "program"; readonly parts: RuntimeComponent }
  | { readonly kind: "unknown"; readonly reason: Reason };

/** Identifies the program and, if it is a script, its interpreters. */
export function lookAtProgram(order: ProgramOrder, memory: DigestMemory): ProgramAnswer {
  const parts: Record<string, string> = {};
  try {
    let program: string | undefined = order.program;
    for (let depth = 0; program !== undefined; depth += 1) {
      if (depth > MOST_INTERPRETERS) throw new Error("its interpreters are nested too deeply");
      program = addProgram(program, order, memory, parts);
    }
    return { kind: "program", parts };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = `${order.program}: ${code ?? message}`;
    return { kind: "unknown", reason: { code: "program_unknown", detail: { what } } };
  }
}

/** Adds a program to the components, and returns its interpreter if it is a script. */
function addProgram(
  program: string,
  order: ProgramOrder,
  memory: DigestMemory,
  parts: Record<string, string>,
): string | undefined {
  const found = findProgram(program, order);
  if (found === undefined) throw new Error(`program "${program}" is not on the PATH of the command`);
  const real = realpathSync(found);
  const digest = memory.digestOf(real, statSync(real, { bigint: true }));
  parts[`program ${basename(program)}`] = `${real} ${digest}`;
  addVirtualEnvironment(found, memory, parts);
  return interpreterOf(real, parts);
}

function findProgram(program: string, { cwd, path }: ProgramOrder): string | undefined {
  if (program.includes("/")) return resolve(cwd, program);
  const folders = (path ?? DEFAULT_PATH).split(":");
  return folders.map((folder) => resolve(cwd, folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Python finds its packages through a file beside or above the path by which it was called. */
function addVirtualEnvironment(found: string, memory: DigestMemory, parts: Record<string, string>): void {
  for (const folder of [dirname(found), dirname(dirname(found))]) {
    const config = join(folder, "pyvenv.cfg");
    const stats = statSync(config, { bigint: true, throwIfNoEntry: false });
    if (stats?.isFile()) parts["pyvenv.cfg"] = `${config} ${memory.digestOf(config, stats)}`;
  }
}

/** Returns the interpreter in the first line of a script, also through `env`. */
function interpreterOf(path: string, parts: Record<string, string>): string | undefined {
  const line = firstLineOf(path);
  const words = /^#!\s*(\S+)(?:\s+(.*\S))?\s*$/.exec(line);
  const [, interpreter, argument] = words ?? [];
  if (interpreter === undefined) return undefined;
  if (basename(interpreter) !== "env" || argument === undefined) return interpreter;
  parts["program env"] = interpreter;
  const program = argument
    .split(/\s+/)
    .map((word) => word.replace(/^(?:-S|--split-string=)/, ""))
    .find((word) => word !== "" && !word.startsWith("-") && !word.includes("="));
  return program;
}

function firstLineOf(path: string): string {
  const descriptor = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(FIRST_LINE_BYTES);
    const length = readSync(descriptor, bytes, 0, bytes.length, 0);
    return bytes.toString("latin1", 0, length).split("\n", 1)[0] ?? "";
  } finally {
    closeSync(descriptor);
  }
}
