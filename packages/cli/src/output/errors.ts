// Formats errors: one line with a remedy for an error that a user can cause, a stack for a bug.

import { MemodagError, type ErrorCode } from "@memodag/core";
import { CommanderError } from "commander";
import { stderr } from "./standard-streams.ts";
import { EXIT_AGAIN, EXIT_BUG, EXIT_INTERRUPTED, EXIT_USAGE } from "./exit-codes.ts";
import { plainBlock, plainJson, plainText } from "@memodag/deployment/logging";

/** Codes of errors that are neither usage nor configuration. */
const EXITS: Partial<Record<ErrorCode, number>> = {
  run_interrupted: EXIT_INTERRUPTED,
  worker_deaf: EXIT_AGAIN,
};

/** The form in which an error is reported. */
export interface ErrorForm {
  readonly asJson: boolean;
  /** The hint for a usage error. */
  readonly hint: string;
}

/** Writes an error to stderr and returns the exit code that goes with it. */
export function reportError(error: unknown, { asJson, hint }: ErrorForm): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // The help for a missing command is already on stderr, unless JSON was asked for.
    const message = error.code === "commander.help" ? "name a command" : usageMessage(error);
    if (error.code !== "commander.help" || asJson) writeError("usage", `${message}: ${hint}`, asJson);
    return EXIT_USAGE;
  }
  if (error instanceof MemodagError) {
    writeError(error.code, error.message, asJson);
    return EXITS[error.code] ?? EXIT_USAGE;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (asJson) writeError("internal", stack, asJson);
  else stderr.write(`memodag: this is a bug in memodag, please report it:\n${plainText(stack)}\n`);
  return EXIT_BUG;
}

function usageMessage(error: CommanderError): string {
  return error.message
    .replace(/^error: /, "")
    .replaceAll("\n", " ")
    .replace(/\.$/, "");
}

function writeError(code: string, message: string, asJson: boolean): void {
  const text = asJson
    ? plainJson(JSON.stringify({ error: { code, message } }))
    : `memodag: ${plainBlock(message)}`;
  stderr.write(`${text}\n`);
}
