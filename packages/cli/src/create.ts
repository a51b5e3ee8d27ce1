// The entry point of `npm create memodag`: `memodag init` without the rest of the program.

import { bareProgram } from "./bare-program.ts";
import { defineInit } from "./commands/init.ts";
import { runProgram } from "./run-program.ts";

/** Runs `create-memodag` with these arguments, and sets `process.exitCode` as `main` does. Never rejects. */
export async function create(args: readonly string[]): Promise<void> {
  const program = bareProgram("create-memodag");
  defineInit(program, program.version() ?? "");
  await runProgram(program, args, { command: program.name(), name: (error) => error });
}
