// Runs one attempt of a command, passing its arguments and its result in files.

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  assembleArguments,
  canonicalBytes,
  MemodagError,
  nameFileFault,
  OWN_FILE_MODE,
  OWN_FOLDER_MODE,
  readJson,
  RETURN_VALUE,
  type AttemptCommand,
  type AttemptOutcome,
  type EntryRef,
} from "@memodag/core";
import { openJobCache, xcomTooLarge } from "@memodag/sdk/runtime";
import type { RunOrder } from "../protocol.ts";
import { traceOf } from "../worker-environment.ts";
import { findChangedSource } from "./changed-source.ts";
import { commandEnvironment, type ExchangeFiles } from "./command-environment.ts";
import { readResultFile } from "./result-file.ts";
import { entryAccessOf, failureOf, type AttemptSupport, type Evidence } from "./run-attempt.ts";
import { nameOfProgram, runProgram, type ProgramEnd } from "./run-program.ts";
import type { Validator } from "./validate-result.ts";

/** Runs a command to its outcome; never rejects. Its signal is aborted when the program should stop. */
export async function runCommand(
  order: RunOrder,
  command: AttemptCommand,
  { signal, ask }: AttemptSupport,
): Promise<AttemptOutcome> {
  const startedAt = performance.now();
  let hasStarted = false;
  let changedBefore: string | null = null;
  let validator: Validator | undefined;
  const undeclared = new Set<string>();
  /** The evidence for the outcome, including the sources as of the end of the program. */
  const findEvidence = async (): Promise<Evidence> => {
    const changed = changedBefore ?? (await findChange(order, command));
    if (changed !== null)
      return { uncacheable: { code: "code_changed", detail: { what: changed } }, packages: [] };
    const checked = validator?.findEvidence() ?? { uncacheable: null, packages: [] };
    if (undeclared.size === 0 || order.attempt.declaredEnv === null) return checked;
    return {
      ...checked,
      uncacheable: { code: "undeclared_input", detail: { names: [...undeclared].sort() } },
    };
  };
  try {
    const files = exchangeFiles(order, command);
    const args = assembleArguments({ args: order.attempt.args, results: order.results });
    writeArguments(files.inputs, canonicalBytes(args));
    const entries = command.entries && {
      declared: command.entries,
      jobCache: openJobCache(entryAccessOf(order.attempt, ask), (name) => undeclared.add(name)),
      ...(await import("./command-entries.ts")),
    };
    if (files.entriesOut !== undefined) makeFolder(files.entriesOut);
    if (entries && files.entriesIn !== undefined) {
      const { bringIn, declared, jobCache } = entries;
      await bringIn(declared, files.entriesIn, jobCache, args, signal);
    }
    changedBefore = await findChange(order, command);
    signal.throwIfAborted();
    hasStarted = true;
    const end = await runProgram({
      argv: command.argv,
      cwd: resolve(order.baseDir, command.cwd),
      env: commandEnvironment(
        process.env,
        command,
        order.ordinaryEnv,
        files,
        order.attempt.attemptId,
        traceOf(order.attempt) !== undefined,
      ),
      signal,
    });
    const skipped = findSkip(command, end);
    if (skipped !== null)
      return { kind: "skipped", reason: skipped, durationMs: performance.now() - startedAt };
    refuseFailure(command, end);
    let bytes = readResultFile(files.result, order.maxXComBytes);
    if (command.checksResult) {
      const { openValidator } = await import("./validate-result.ts");
      validator = openValidator(order);
      bytes = await validator.check(bytes);
    }
    const evidence = await findEvidence();
    if (entries && files.entriesOut !== undefined) {
      const { saveOut, declared, jobCache } = entries;
      const saved = await saveOut(declared, files.entriesOut, jobCache, signal);
      bytes = savedResult(saved, bytes, order.maxXComBytes);
    }
    const xcoms = [{ key: RETURN_VALUE, bytes }];
    return { kind: "succeeded", xcoms, durationMs: performance.now() - startedAt, ...evidence };
  } catch (error) {
    if (!hasStarted) return failureOf(error);
    const failure = failureOf(error, performance.now() - startedAt);
    const isFinal = isFinalExit(command, error);
    return { ...failure, ...(isFinal && { retryable: false }), ...(await findEvidence()) };
  }
}

function exchangeFiles({ exchangeDir }: RunOrder, { entries }: AttemptCommand): ExchangeFiles {
  if (exchangeDir === null) throw new Error("a command came without a folder for its files");
  return {
    inputs: join(exchangeDir, "inputs.json"),
    result: join(exchangeDir, "result.json"),
    ...(entries && entries.in.length > 0 && { entriesIn: join(exchangeDir, "entries-in") }),
    ...(entries && entries.out.length > 0 && { entriesOut: join(exchangeDir, "entries-out") }),
  };
}

function writeArguments(path: string, bytes: Uint8Array): void {
  onOwnDisk("arguments of a command", path, () =>
    writeFileSync(path, bytes, { flag: "wx", mode: OWN_FILE_MODE }),
  );
}

function makeFolder(path: string): void {
  onOwnDisk("files of a command", path, () => mkdirSync(path, { mode: OWN_FOLDER_MODE }));
}

function onOwnDisk(what: string, path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw nameFileFault(error, { what, path, setting: "[core] state_dir" });
  }
}

/** The result of a command that leaves entries: references, and what the program wrote. */
function savedResult(entries: Record<string, EntryRef>, result: Uint8Array, maxBytes: number): Uint8Array {
  const bytes = canonicalBytes({ entries, result: readJson(result) });
  if (bytes.length <= maxBytes) return bytes;
  throw xcomTooLarge("The command's result with the references to its entries", bytes.length, maxBytes);
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
