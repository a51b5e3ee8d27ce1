// The entry point: runs the command that the arguments name and sets the exit code.

import { MemodagError } from "@memodag/core";
import { CommanderError } from "commander";
import { commandPath, createProgram } from "./program.ts";
import { runProgram } from "./run-program.ts";

/**
 * Runs a command line, such as `["dags", "list", "--json"]`. Sets `process.exitCode`: 0 done, 1 the
 * run failed, 2 usage or configuration, 70 a bug in memodag. Never rejects.
 */
export async function main(args: readonly string[]): Promise<void> {
  const program = createProgram(args);
  await runProgram(program, args, { command: commandPath(program, args), name: namedError });
}

/** A database that fails in the middle of a command is not a bug, and neither is a disk. */
async function namedError(error: unknown): Promise<unknown> {
  if (error instanceof MemodagError || error instanceof CommanderError) return error;
  const { nameFault } = await import("@memodag/deployment/stores");
  return nameFault(error);
}
