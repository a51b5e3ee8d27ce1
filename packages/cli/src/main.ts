// The entry point: runs the command that the arguments name and sets the exit code.

import { MemodagError } from "@memodag/core";
import { CommanderError } from "commander";
import { reportError } from "./output/errors.ts";
import { EXIT_USAGE } from "./output/exit-codes.ts";
import { guardStandardStreams, takeStdoutFault } from "./output/standard-streams.ts";
import { commandPath, createProgram } from "./program.ts";

/**
 * Runs a command line, such as `["dags", "list", "--json"]`. Sets `process.exitCode`: 0 done, 1 the
 * run failed, 2 usage or configuration, 70 a bug in memodag. Never rejects.
 */
export async function main(args: readonly string[]): Promise<void> {
  guardStandardStreams();
  const asJson = args.includes("--json");
  const program = createProgram(args);
  // The help that is shown where a command is missing is no JSON.
  if (asJson) program.configureOutput({ writeErr: () => undefined });
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    const hint = `\`${commandPath(program, args)} --help\` shows the usage`;
    process.exitCode = reportError(await namedError(error), { asJson, hint });
  }
  // By then streams have said what they could not take.
  await new Promise((told) => setImmediate(told));
  reportStdoutFault();
}

/** A database that fails in the middle of a command is not a bug, and neither is a disk. */
async function namedError(error: unknown): Promise<unknown> {
  if (error instanceof MemodagError || error instanceof CommanderError) return error;
  const { nameFault } = await import("@memodag/deployment/stores");
  return nameFault(error);
}

/** A command keeps its exit code if it has done its work; one whose output could not be printed has failed. */
function reportStdoutFault(): void {
  const fault = takeStdoutFault();
  if (fault === undefined) return;
  process.stderr.write(`memodag: ${fault}\n`);
  process.exitCode ??= EXIT_USAGE;
  if (process.exitCode === 0) process.exitCode = EXIT_USAGE;
}
