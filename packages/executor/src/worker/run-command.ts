// Runs one attempt of a command, passing its arguments and its result in files.

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  assembleArguments,
  canonicalBytes,
  MemodagError,
  nameFileFault,
  OWN_FILE_MODE,
  RETURN_VALUE,
  type AttemptCommand,
  type AttemptOutcome,
} from "@memodag/core";
import type { RunOrder } from "../protocol.ts";
import { findChangedSource } from "./changed-source.ts";
import { commandEnvironment } from "./command-environment.ts";
import { readResultFile } from "./result-file.ts";
import { failureOf, type Evidence } from "./run-attempt.ts";
import { nameOfProgram, runProgram, type ProgramEnd } from "./run-program.ts";
import type { Validator } from "./validate-result.ts";

/** Runs a command to its outcome; never rejects. `signal` is aborted when the program should stop. */
export async function runCommand(
  order: RunOrder,
  command: AttemptCommand,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  let startedAt: number | undefined;
  let changedBefore: string | null = null;
  let validator: Validator | undefined;
  /** The evidence for the outcome, including the sources as of the end of the program. */
  const findEvidence = async (): Promise<Evidence> => {
    const changed = changedBefore ?? (await findChange(order, command));
    if (changed !== null)
      return { uncacheable: { code: "code_changed", detail: { what: changed } }, packages: [] };
    return validator?.findEvidence() ?? { uncacheable: null, packages: [] };
  };
  try {
    const files = exchangeFiles(order);
    writeArguments(
      files.inputs,
      canonicalBytes(assembleArguments({ args: order.attempt.args, results: order.results })),
    );
    changedBefore = await findChange(order, command);
    signal.throwIfAborted();
    startedAt = performance.now();
    const end = await runProgram({
      argv: command.argv,
      cwd: resolve(order.baseDir, command.cwd),
      env: commandEnvironment(process.env, command, order.ordinaryEnv, files, order.attempt.attemptId),
      signal,
    });
    const skipped = findSkip(command, end);
    const durationMs = performance.now() - startedAt;
    if (skipped !== null) return { kind: "skipped", reason: skipped, durationMs };
    refuseFailure(command, end);
    let bytes = readResultFile(files.result, order.maxXComBytes);
    if (command.checksResult) {
      const { openValidator } = await import("./validate-result.ts");
      validator = openValidator(order);
      bytes = await validator.check(bytes);
    }
    const xcoms = [{ key: RETURN_VALUE, bytes }];
    return { kind: "succeeded", xcoms, durationMs, ...(await findEvidence()) };
  } catch (error) {
    if (startedAt === undefined) return failureOf(error);
    const failure = failureOf(error, performance.now() - startedAt);
    const isFinal = isFinalExit(command, error);
    return { ...failure, ...(isFinal && { retryable: false }), ...(await findEvidence()) };
  }
}

function exchangeFiles({ exchangeDir }: RunOrder): { inputs: string; result: string } {
  if (exchangeDir === null) throw new Error("a command came without a folder for its files");
  return { inputs: join(exchangeDir, "inputs.json"), result: join(exchangeDir, "result.json") };
}

function writeArguments(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes, { flag: "wx", mode: OWN_FILE_MODE });
  } catch (error) {
    throw nameFileFault(error, { what: "arguments of a command", path, setting: "[core] state_dir" });
  }
}

/**
 * Returns the first source that differs from the cache key, or `null` if none does or nothing is to be
 * stored.
 */
async function findChange({ attempt, baseDir }: RunOrder, command: AttemptCommand): Promise<string | null> {
  return attempt.declaredEnv === null ? null : await findChangedSource(baseDir, command);
}

/** Returns why a program with this end had nothing to do, or `null` if it did not report that. */
function findSkip({ argv, skipOnExitCodes = [] }: AttemptCommand, { code }: ProgramEnd): string | null {
  if (code === null || !skipOnExitCodes.includes(code)) return null;
  return `${nameOfProgram(argv)} exited with code ${code}, which skips it`;
}

function isFinalExit({ failOnExitCodes = [] }: AttemptCommand, error: unknown): boolean {
  const exitCode = error instanceof MemodagError ? error.fields["exitCode"] : undefined;
  return typeof exitCode === "number" && failOnExitCodes.includes(exitCode);
}

function refuseFailure({ argv }: AttemptCommand, { code, signal, lastWords }: ProgramEnd): void {
  const name = nameOfProgram(argv);
  const said = lastWords === "" ? "nothing on stderr" : `on stderr: ${lastWords}`;
  if (signal !== null) {
    throw new MemodagError(
      "task_killed",
      `${name} was killed by ${signal} (${said}): find out by what; a system that is out of memory uses SIGKILL`,
      { fields: { signal } },
    );
  }
  if (code !== 0) {
    throw new MemodagError("task_failed", `${name} exited with code ${code} (${said}): see the log`, {
      fields: { exitCode: code },
    });
  }
}
