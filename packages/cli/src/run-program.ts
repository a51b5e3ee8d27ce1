// Runs a command line to its end: reports an error once, and sets the exit code.

import type { Command } from "commander";
import { reportError } from "./output/errors.ts";
import { EXIT_USAGE } from "./output/exit-codes.ts";
import { stderr, takeStdoutFault } from "./output/standard-streams.ts";

/** How errors of a program are worded. */
export interface ProgramErrors {
  /** The command that the arguments name, for the hint at its help. */
  readonly command: string;
  /** Says of an error what its cause was, where it can. */
  readonly name: (error: unknown) => unknown;
}

/** Sets `process.exitCode`; see `main`. Never rejects. */
export async function runProgram(
  program: Command,
  args: readonly string[],
  { command, name }: ProgramErrors,
): Promise<void> {
  const asJson = args.includes("--json");
  // The help that is shown where a command is missing is no JSON.
  if (asJson) program.configureOutput({ writeErr: () => undefined });
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    const hint = `\`${command} --help\` shows the usage`;
    process.exitCode = reportError(await name(error), { asJson, hint });
  }
  await reportStdoutFault();
}

/** A command keeps its exit code if it has done its work; one whose output could not be printed has failed. */
async function reportStdoutFault(): Promise<void> {
  const fault = await takeStdoutFault();
  if (fault === undefined) return;
  stderr.write(`memodag: ${fault}\n`);
  process.exitCode ??= EXIT_USAGE;
  if (process.exitCode === 0) process.exitCode = EXIT_USAGE;
}
